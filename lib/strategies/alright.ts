import { badState, requireLambda, requireRows } from "./check.js";
import type { StrategyFactory } from "./types.js";

const objectives = ["preference", "sft"] as const;

/**
 * ALRIGHT (arXiv 2410.15483, Algorithm 1): every step trains one objective, the preference one with probability λ.
 * Only the drawn data set advances.
 */
export const alright: StrategyFactory = {
	name: "alright",
	objectives,
	create(context) {
		const lambda = requireLambda("alright", context);
		requireRows("alright", context, objectives);
		const random = context.random();
		return {
			name: "alright",
			objectives,
			plan: () => ({}),
			choose: () => ({ train: [{ objective: random.uniform() < lambda ? "preference" : "sft", weight: 1 }] }),
			observe() {},
			state: () => ({ position: random.state().position }),
			restore(state) {
				const { position } = state;
				if (!Number.isSafeInteger(position) || (position as number) < 0) throw badState("alright", state);
				random.restore({ position: position as number });
			},
		};
	},
};
