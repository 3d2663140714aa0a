import { requireLambda, requireRows } from "./check.js";
import type { StrategyFactory } from "./types.js";

const objectives = ["preference", "sft"] as const;

/** Every step trains λ·preference + (1 − λ)·SFT, on a batch of each. */
export const mix: StrategyFactory = {
	name: "mix",
	objectives,
	/** Both data sets advance in every step: until the longer one has been passed. */
	stepsOf: (batches) => Math.max(batches.preference, batches.sft),
	create(context) {
		const lambda = requireLambda("mix", context);
		requireRows("mix", context, objectives);
		const train = [
			{ objective: "preference", weight: lambda },
			{ objective: "sft", weight: 1 - lambda },
		] as const;
		return {
			name: "mix",
			objectives,
			plan: () => ({}),
			choose: () => ({ train: [...train] }),
			observe() {},
			state: () => ({}),
			restore() {},
		};
	},
};
