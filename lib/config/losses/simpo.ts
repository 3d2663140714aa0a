import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const simpo = defineLoss({
	native: "simpo",
	metric: "simpo",
	rows: "preference",
	needsReference: false,
	schema: z
		.strictObject({
			loss: z.literal("simpo"),
			beta: beta(2, "β: scale of the log-probs per token."),
			gamma: z
				.number()
				.min(0)
				.default(1)
				.meta({ description: "γ, the margin asked for; SimPO's authors advise β / 2." }),
			lengthNormalised: lengthNormalised(true),
		})
		.meta({ description: "SimPO: a margin of log-probs per token, without a reference." }),
});
