import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const discopop = defineLoss({
	native: "discopop",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({
			loss: z.literal("discopop"),
			beta: beta(),
			temperature: z
				.number()
				.positive()
				.max(1)
				.default(0.05)
				.meta({ description: "τ, how sharply the loss changes between logistic and exponential; at most 1." }),
			lengthNormalised: lengthNormalised(),
		})
		.meta({ description: "DiscoPOP: logistic below a margin of 0, exponential above." }),
});
