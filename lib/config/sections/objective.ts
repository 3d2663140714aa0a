import * as z from "zod";

export const objectiveSection = z
	.strictObject({
		preference: z
			.strictObject({
				loss: z
					.enum(["sigmoid"])
					.default("sigmoid")
					.meta({ description: "Form of the preference loss: sigmoid is DPO's." }),
				beta: z
					.number()
					.positive()
					.default(0.1)
					.meta({ description: "β: how strongly the policy is held to the reference." }),
				labelSmoothing: z
					.number()
					.min(0)
					.lt(0.5)
					.default(0)
					.meta({ description: "cDPO's probability that a pair's labels are swapped, in [0, 0.5)." }),
			})
			.prefault({}),
		sft: z.strictObject({}).prefault({}),
	})
	.prefault({})
	.meta({ description: "Options of the losses." });
