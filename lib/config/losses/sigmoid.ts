import * as z from "zod";
import { beta, labelSmoothing, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const sigmoid = defineLoss({
	native: "dpo",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({
			loss: z.literal("sigmoid"),
			beta: beta(),
			labelSmoothing: labelSmoothing("cDPO's probability that a pair's labels are swapped, in [0, 0.5)."),
			lengthNormalised: lengthNormalised(),
		})
		.meta({ description: "DPO." }),
});
