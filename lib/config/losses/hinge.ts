import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const hinge = defineLoss({
	native: "hinge",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("hinge"), beta: beta(), lengthNormalised: lengthNormalised() })
		.meta({ description: "Hinge loss of SLiC and RSO." }),
});
