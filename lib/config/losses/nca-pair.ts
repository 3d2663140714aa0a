import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const ncaPair = defineLoss({
	native: "nca_pair",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("nca_pair"), beta: beta(), lengthNormalised: lengthNormalised() })
		.meta({ description: "NCA: also holds up the chosen response's own likelihood." }),
});
