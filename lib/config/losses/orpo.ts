import * as z from "zod";
import { beta } from "./keys.js";
import { defineLoss } from "./types.js";

export const orpo = defineLoss({
	native: "orpo",
	metric: "orpo",
	rows: "preference",
	needsReference: false,
	schema: z
		.strictObject({
			loss: z.literal("orpo"),
			beta: beta(0.1, "λ of the ORPO paper: weight of the odds ratio beside the chosen response's NLL."),
		})
		.meta({ description: "ORPO: NLL of the chosen response and an odds ratio per token, without a reference." }),
});
