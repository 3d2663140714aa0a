import * as z from "zod";

const temperature = "β: how strongly the policy is held to the reference.";

export const beta = (value = 0.1, description = temperature) =>
	z.number().positive().default(value).meta({ description });

export const lengthNormalised = (value = false) =>
	z
		.boolean()
		.default(value)
		.meta({ description: "Divide each response's log-probs (log-ratios) by its number of tokens." });

export const labelSmoothing = (description: string) => z.number().min(0).lt(0.5).default(0).meta({ description });
