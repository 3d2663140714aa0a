import * as z from "zod";
import { defineStrategyOptions } from "./types.js";

export const orpo = defineStrategyOptions({
	name: "orpo",
	objectives: ["preference"],
	loss: "orpo",
	schema: z.strictObject({ name: z.literal("orpo") }).meta({
		description: "ORPO alone: preferences and the chosen responses' likelihood in one loss, without a reference.",
	}),
});
