import * as z from "zod";
import { lambda } from "./lambda.js";
import { defineStrategyOptions } from "./types.js";

export const maxright = defineStrategyOptions({
	name: "maxright",
	objectives: ["preference", "sft"],
	needsOptima: true,
	schema: z
		.strictObject({
			name: z.literal("maxright"),
			lambda,
			evaluateEvery: z
				.int()
				.min(1)
				.default(10)
				.meta({
					description: "Age in steps at which an objective's loss is measured again; training it renews it at no cost.",
					examples: [10],
				}),
			smoothing: z
				.number()
				.min(0)
				.lt(1)
				.default(0)
				.meta({
					description:
						"Weight of what was known of an objective's loss against a new batch's: an exponential mean, for batches whose losses differ by more than the gaps. 0 takes the last batch alone.",
					examples: [0.75],
				}),
		})
		.meta({ description: "Every step trains the objective with the larger weighted gap to its optimum." }),
});
