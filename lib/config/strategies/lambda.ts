import * as z from "zod";

/** λ, the weight (mix), probability (alright) or gap weight (maxright) of the preference objective. */
export const lambda = z
	.number()
	.min(0)
	.max(1)
	.default(0.5)
	.meta({
		description: "λ in [0, 1]: weight of the preference objective; SFT gets 1 − λ.",
		examples: [0.25, 0.5, 0.75],
	});
