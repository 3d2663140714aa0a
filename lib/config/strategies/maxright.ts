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
					description: "Steps between measurements of both losses; stale values are used in between.",
					examples: [10],
				}),
		})
		.meta({ description: "Every step trains the objective with the larger weighted gap to its optimum." }),
});
