import * as z from "zod";
import { defineStrategyOptions } from "./types.js";

export const dpo = defineStrategyOptions({
	name: "dpo",
	objectives: ["preference"],
	schema: z.strictObject({ name: z.literal("dpo") }).meta({ description: "Preference optimisation alone." }),
});
