import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const sppoHard = defineLoss({
	native: "sppo_hard",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("sppo_hard"), beta: beta(), lengthNormalised: lengthNormalised() })
		.meta({ description: "SPPO with certain preferences: log-ratios are drawn to ±1 / 2β." }),
});
