import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const apoDown = defineLoss({
	native: "apo_down",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("apo_down"), beta: beta(), lengthNormalised: lengthNormalised() })
		.meta({ description: "APO: lowers both responses, the rejected one more." }),
});
