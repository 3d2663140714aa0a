import * as z from "zod";

const rows = (count: number, what: string) =>
	z
		.int()
		.min(1)
		.default(count)
		.meta({ description: `${what} in one optimiser step.` });

const optimizer = z
	.strictObject({
		name: z.enum(["adamw"]).default("adamw").meta({ description: "AdamW with decoupled weight decay." }),
		lr: z
			.number()
			.positive()
			.default(5e-5)
			.meta({ description: "Peak learning rate.", examples: [5e-5, 2e-4] }),
		betas: z
			.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
			.default([0.9, 0.95])
			.meta({ description: "Decay rates of the first and second moments." }),
		eps: z.number().positive().default(1e-8).meta({ description: "Added to the denominator." }),
		weightDecay: z.number().min(0).default(0).meta({ description: "Decoupled weight decay." }),
	})
	.prefault({});

const schedule = z
	.strictObject({
		name: z
			.enum(["constant", "linear", "cosine"])
			.default("constant")
			.meta({ description: "Learning rate after warm-up: constant, or falling to zero at the last step." }),
		warmup: z
			.number()
			.min(0)
			.refine(
				(value) => value < 1 || Number.isInteger(value),
				"must be a share of the run below 1, or a whole number of steps",
			)
			.default(0)
			.meta({
				description: "Linear warm-up: below 1 a share of the run, else a number of steps.",
				examples: [0.03, 20],
			}),
	})
	.prefault({});

export const trainSection = z
	.strictObject({
		steps: z
			.int()
			.min(1)
			.nullable()
			.optional()
			.meta({ description: "Optimiser steps of the run; 1000 unless epochs is given.", examples: [1000] }),
		epochs: z
			.number()
			.positive()
			.nullable()
			.default(null)
			.meta({ description: "Passes over the data instead of steps.", examples: [3] }),
		batch: z
			.strictObject({ preference: rows(4, "Pairs"), sft: rows(16, "SFT rows") })
			.prefault({})
			.meta({ description: "Rows of one optimiser step, however it is split into micro-batches." }),
		shuffle: z
			.boolean()
			.default(true)
			.meta({ description: "Draw a new order of the rows in each epoch, from the seed." }),
		microBatchTokens: z
			.int()
			.min(1)
			.optional()
			.meta({
				description:
					"Tokens run at once; less needs less memory, and never changes the losses. A longer row runs alone. " +
					"Default: 768 on a CPU, 4096 on a GPU.",
			}),
		gradientCheckpointing: z
			.union([z.boolean(), z.literal("selective")])
			.default(false)
			.meta({
				description:
					'Recompute activations in the backward pass: true keeps one vector a token and block; "selective" recomputes ' +
					"only the MLP's first product, about half the memory for half the price. Never changes a float32 gradient.",
			}),
		optimizer,
		schedule,
		maxGradNorm: z
			.number()
			.positive()
			.nullable()
			.default(1)
			.meta({ description: "Gradients are scaled down to this L2 norm; null = no clipping." }),
	})
	.prefault({})
	.meta({ description: "How long and how to train." });
