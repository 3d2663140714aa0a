import * as z from "zod";

const loss = z.number().meta({ description: "Held-out loss." });
/** A point of a front of held-out losses, under the names of the metrics. */
const point = z.strictObject({ dpo: loss, sft: loss });

export const stopSection = z
	.strictObject({
		epsilon: z
			.number()
			.min(0)
			.default(1e-4)
			.meta({ description: "How near to an optimum or a front point is near enough." }),
		referenceFront: z
			.union([z.string().min(1), z.array(point).min(1)])
			.nullable()
			.default(null)
			.meta({
				description:
					"Points of held-out losses, or the front.json of a sweep: the run ends when both losses reach one.",
				examples: ["runs/sweep/front.json", [{ dpo: 0.43, sft: 1.55 }]],
			}),
	})
	.nullable()
	.default(null)
	.meta({
		description:
			"Ends a run that trains both objectives at the evaluation that reaches an optimum (within epsilon) or a front point. null: it runs to its last step.",
	});
