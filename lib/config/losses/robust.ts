import * as z from "zod";
import { beta, labelSmoothing, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const robust = defineLoss({
	native: "robust",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({
			loss: z.literal("robust"),
			beta: beta(),
			labelSmoothing: labelSmoothing("Probability that a pair's labels are swapped, which the loss corrects for."),
			lengthNormalised: lengthNormalised(),
		})
		.meta({ description: "DPO whose mean is not biased by wrong labels." }),
});
