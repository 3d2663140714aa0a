import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const exoPair = defineLoss({
	native: "exo_pair",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({
			loss: z.literal("exo_pair"),
			beta: beta(),
			labelSmoothing: z
				.number()
				.positive()
				.lt(0.5)
				.default(1e-3)
				.meta({ description: "Probability that a pair's labels are swapped; at 0 the loss is infinite." }),
			lengthNormalised: lengthNormalised(),
		})
		.meta({ description: "EXO: the reverse KL divergence to the smoothed label." }),
});
