import type { Objective } from "../data/types.js";
import { badState, requireLambda, requirePositiveInteger, requireRows } from "./check.js";
import type { Losses, Strategy, StrategyContext, StrategyFactory, StrategyState } from "./types.js";

const objectives = ["preference", "sft"] as const;

/**
 * MAXRIGHT (arXiv 2410.15483, Algorithm 3): trains the objective with the larger weighted gap to its optimum. Both
 * are measured at step 1 and whenever t mod k = 0; in between, the value of the objective not trained stays and the
 * trained one's is refreshed from its own forward pass. A tie goes to SFT.
 */
class MaxRight implements Strategy {
	readonly name = "maxright";
	readonly objectives = objectives;
	readonly #every: number;
	readonly #weights: Record<Objective, number>;
	readonly #optima: Record<Objective, number>;
	#losses: Losses = {};

	constructor(lambda: number, every: number, optima: Record<Objective, number>) {
		this.#every = every;
		this.#weights = { preference: lambda, sft: 1 - lambda };
		this.#optima = optima;
	}

	plan(step: number) {
		return step === 1 || step % this.#every === 0 ? { evaluate: [...objectives] } : {};
	}

	choose(_step: number, losses: Losses) {
		Object.assign(this.#losses, losses);
		const objective: Objective = this.#gap("preference") > this.#gap("sft") ? "preference" : "sft";
		return { train: [{ objective, weight: 1 }] };
	}

	observe(_step: number, losses: Losses): void {
		Object.assign(this.#losses, losses);
	}

	state(): StrategyState {
		return { losses: { ...this.#losses } };
	}

	restore(state: StrategyState): void {
		const { losses } = state;
		if (typeof losses !== "object" || losses === null) throw badState(this.name, state);
		for (const objective of objectives) {
			const value: unknown = (losses as Record<string, unknown>)[objective];
			if (value !== undefined && typeof value !== "number") throw badState(this.name, state);
		}
		this.#losses = { ...(losses as Losses) };
	}

	/** Weighted gap of the last loss known; an objective never measured has none. */
	#gap(objective: Objective): number {
		const loss = this.#losses[objective];
		return loss === undefined ? Number.NEGATIVE_INFINITY : this.#weights[objective] * (loss - this.#optima[objective]);
	}
}

export const maxright: StrategyFactory = {
	name: "maxright",
	objectives,
	create(context: StrategyContext) {
		const lambda = requireLambda("maxright", context);
		requireRows("maxright", context, objectives);
		const every = requirePositiveInteger("strategy.evaluateEvery", context.options.evaluateEvery ?? 10);
		return new MaxRight(lambda, every, context.optima);
	},
};
