import type { Objective } from "../data/types.js";
import { requireRows } from "./check.js";
import type { StrategyFactory } from "./types.js";

/** A strategy that trains one objective with weight 1 in every step. */
export function singleObjective(name: string, objective: Objective): StrategyFactory {
	const objectives = [objective];
	return {
		name,
		objectives,
		create(context) {
			requireRows(name, context, objectives);
			return {
				name,
				objectives,
				plan: () => ({}),
				choose: () => ({ train: [{ objective, weight: 1 }] }),
				observe() {},
				state: () => ({}),
				restore() {},
			};
		},
	};
}
