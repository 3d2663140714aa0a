import * as z from "zod";
import { beta } from "./keys.js";
import { defineLoss } from "./types.js";

const weight = (what: string) =>
	z
		.number()
		.min(0)
		.default(1)
		.meta({ description: `Weight of ${what} responses.` });

export const kto = defineLoss({
	native: "kto",
	metric: "kto",
	rows: "unpaired",
	needsReference: true,
	schema: z
		.strictObject({
			loss: z.literal("kto"),
			beta: beta(),
			desirableWeight: weight("desirable"),
			undesirableWeight: weight("undesirable"),
		})
		.meta({ description: "KTO, on single responses labelled desirable or not; pairs count as one of each." }),
});
