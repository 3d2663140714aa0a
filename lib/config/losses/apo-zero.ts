import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const apoZero = defineLoss({
	native: "apo_zero",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("apo_zero"), beta: beta(), lengthNormalised: lengthNormalised() })
		.meta({ description: "APO: raises the chosen response and lowers the rejected one." }),
});
