import * as z from "zod";
import { defineStrategyOptions } from "./types.js";

export const sft = defineStrategyOptions({
	name: "sft",
	objectives: ["sft"],
	schema: z.strictObject({ name: z.literal("sft") }).meta({ description: "Supervised fine-tuning alone." }),
});
