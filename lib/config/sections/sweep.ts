import * as z from "zod";
import { strategyOptions } from "../strategies/index.js";
import { lambda } from "../strategies/lambda.js";
import { seed } from "./run.js";

/** λ of one strategy object; without it the strategy runs once for each λ of the sweep. */
const ownLambda = lambda
	.unwrap()
	.optional()
	.meta({ description: "Run at this λ only, instead of at those of sweep.lambda." });

const [first, ...others] = strategyOptions.map(({ schema }) =>
	"lambda" in schema.shape ? (schema as z.ZodObject).extend({ lambda: ownLambda }) : (schema as z.ZodObject),
);

export const sweepSection = z
	.strictObject({
		strategies: z
			.array(
				z.union([
					z.enum(strategyOptions.map(({ name }) => name)),
					z.discriminatedUnion("name", [first as NonNullable<typeof first>, ...others]),
				]),
			)
			.min(1)
			.default(["sequential", "mix", "alright", "maxright"])
			.meta({
				description:
					"Strategies to compare: names, or objects as in a run's strategy. The first sequential one is the baseline of the comparison.",
				examples: [
					["mix", { name: "sequential", order: ["preference", "sft"] }, { name: "maxright", evaluateEvery: 100 }],
				],
			}),
		lambda: z
			.array(lambda.unwrap())
			.min(1)
			.default([0.25, 0.5, 0.75])
			.meta({
				description: "Values of λ; strategies without λ run once for each seed.",
				examples: [[0.01, 0.5, 0.99]],
			}),
		seeds: z
			.array(seed.unwrap())
			.min(1)
			.default([42])
			.meta({ description: "Every strategy and λ runs once with each seed.", examples: [[1, 2, 3]] }),
	})
	.meta({ description: "The grid: every strategy at every λ with every seed is one run." });
