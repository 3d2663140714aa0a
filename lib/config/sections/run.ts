import * as z from "zod";
import { preferenceLoss } from "./objective.js";

const optimum = z.number().nullable().default(null);

const givenOptima = z.strictObject({
	preference: optimum.meta({ description: "Best preference loss reached when trained alone; null: unknown." }),
	sft: optimum.meta({ description: "Best SFT loss reached when trained alone; null: unknown." }),
});

export const optimaSection = z
	.union([z.literal("estimate"), givenOptima])
	.prefault({})
	.meta({
		description:
			'Best loss of each objective alone, for the gaps in the metrics, for stop and for maxright. "estimate" trains each objective alone first, once for equal settings. Unknown ones count as 0 in the gaps.',
		examples: [{ preference: 0.0647, sft: 1.498 }, "estimate"],
	});

export const evaluationSection = z
	.strictObject({
		every: z.int().min(1).nullable().default(100).meta({
			description: "Steps between evaluations on held-out rows; null: only before the first and after the last step.",
		}),
		preference: preferenceLoss
			.nullable()
			.default(null)
			.meta({
				description:
					"Preference loss reported on held-out rows, to compare runs that train different ones; null: the one trained.",
				examples: [{ loss: "sigmoid", beta: 0.1 }],
			}),
		prompts: z
			.array(z.string().min(1))
			.max(16)
			.default([])
			.meta({
				description: "Prompts answered before and after training, to look at.",
				examples: [["How do I bake bread?"]],
			}),
		maxNewTokens: z.int().min(1).max(4096).default(60).meta({ description: "Longest answer to one of these prompts." }),
	})
	.prefault({})
	.meta({ description: "What is measured during the run." });

export const checkpointSection = z
	.strictObject({
		every: z
			.int()
			.min(1)
			.nullable()
			.default(200)
			.meta({ description: "Steps between checkpoints; null: only at the end and when interrupted." }),
		keep: z.int().min(1).default(2).meta({ description: "Checkpoints kept; older ones are deleted." }),
	})
	.prefault({})
	.meta({ description: "Saved states that `run --resume` continues from exactly." });

export const seed = z
	.int()
	.min(0)
	.max(2 ** 32 - 1)
	.default(42)
	.meta({ description: "Seed of everything random: adapters, order of the rows, dropout, strategy." });

export const device = z
	.string()
	.regex(/^(auto|cpu|cuda(:\d+)?)$/, 'must be "auto", "cpu", "cuda" or "cuda:N"')
	.default("auto")
	.meta({ description: '"auto" takes the first GPU, else the CPU.', examples: ["auto", "cpu", "cuda:1"] });

export const threads = z
	.int()
	.min(0)
	.max(1024)
	.default(0)
	.meta({ description: "Threads for the arithmetic; 0 = one per physical core." });

export const output = z
	.string()
	.min(1)
	.optional()
	.meta({ description: "Folder of the run; default runs/<name of the config file>.", examples: ["runs/first"] });
