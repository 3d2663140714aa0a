import * as z from "zod";
import { lambda } from "./lambda.js";
import { defineStrategyOptions } from "./types.js";

export const alright = defineStrategyOptions({
	name: "alright",
	objectives: ["preference", "sft"],
	schema: z
		.strictObject({ name: z.literal("alright"), lambda })
		.meta({ description: "Every step trains one objective, the preference one with probability λ." }),
});
