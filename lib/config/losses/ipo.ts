import * as z from "zod";
import { beta, lengthNormalised } from "./keys.js";
import { defineLoss } from "./types.js";

export const ipo = defineLoss({
	native: "ipo",
	metric: "dpo",
	rows: "preference",
	needsReference: true,
	schema: z
		.strictObject({ loss: z.literal("ipo"), beta: beta(), lengthNormalised: lengthNormalised(true) })
		.meta({ description: "IPO: the margin of the log-ratios per token is drawn to 1 / 2β." }),
});
