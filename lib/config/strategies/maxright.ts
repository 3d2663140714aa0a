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
		})
		.meta({ description: "Every step trains the objective with the larger weighted gap to its optimum." }),
});
