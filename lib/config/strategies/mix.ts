import * as z from "zod";
import { lambda } from "./lambda.js";
import { defineStrategyOptions } from "./types.js";

export const mix = defineStrategyOptions({
	name: "mix",
	objectives: ["preference", "sft"],
	schema: z
		.strictObject({ name: z.literal("mix"), lambda })
		.meta({ description: "Every step trains λ·preference + (1 − λ)·SFT, on a batch of each." }),
});
