import type { Objective } from "../data/types.js";
import { badState, requireLambda, requirePositiveInteger, requireRows } from "./check.js";
import type { Losses, Measurement, Strategy, StrategyContext, StrategyFactory, StrategyState } from "./types.js";

const objectives = ["preference", "sft"] as const;

/** What is known of one objective: its last loss, and how often it was measured since it was last trained. */
interface Knowledge {
	loss: number;
	/** Step the loss is from. */
	step: number;
	measured: number;
}

/**
 * MAXRIGHT (arXiv 2410.15483, Algorithm 3): trains the objective with the larger weighted gap to its optimum. A trained
 * objective's loss comes from its own forward pass; one whose loss is k steps old is measured again (k = 1 is
 * Algorithm 2). Algorithm 3 measures both whenever t mod k = 0, however fresh they are. Each measurement takes the batch
 * after the one measured before, so that one easy batch cannot make its objective look solved for long; batches are
 * trained in their own order all the same. A tie goes to SFT.
 */
class MaxRight implements Strategy {
	readonly name = "maxright";
	readonly objectives = objectives;
	readonly #every: number;
	readonly #weights: Record<Objective, number>;
	readonly #optima: Record<Objective, number>;
	#known: Partial<Record<Objective, Knowledge>> = {};

	constructor(lambda: number, every: number, optima: Record<Objective, number>) {
		this.#every = every;
		this.#weights = { preference: lambda, sft: 1 - lambda };
		this.#optima = optima;
	}

	plan(step: number) {
		const evaluate = objectives.flatMap((objective): Measurement[] => {
			const known = this.#known[objective];
			if (known && step - known.step < this.#every) return [];
			return [{ objective, ahead: known?.measured ?? 0 }];
		});
		return evaluate.length > 0 ? { evaluate } : {};
	}

	choose(step: number, losses: Losses) {
		this.#learn(losses, step, (before) => (before?.measured ?? 0) + 1);
		const objective: Objective = this.#gap("preference") > this.#gap("sft") ? "preference" : "sft";
		return { train: [{ objective, weight: 1 }] };
	}

	observe(step: number, losses: Losses): void {
		this.#learn(losses, step, () => 0);
	}

	state(): StrategyState {
		return { known: structuredClone(this.#known) };
	}

	restore(state: StrategyState): void {
		const { known } = state;
		if (typeof known !== "object" || known === null) throw badState(this.name, state);
		for (const objective of objectives) {
			const entry = (known as Record<string, Record<keyof Knowledge, unknown> | undefined>)[objective];
			if (entry === undefined) continue;
			const { loss, step, measured } = entry;
			const valid = typeof loss === "number" && Number.isSafeInteger(step) && Number.isSafeInteger(measured);
			if (!valid) throw badState(this.name, state);
		}
		this.#known = structuredClone(known);
	}

	#learn(losses: Losses, step: number, measured: (before: Knowledge | undefined) => number): void {
		for (const objective of objectives) {
			const loss = losses[objective];
			if (loss === undefined) continue;
			this.#known[objective] = { loss, step, measured: measured(this.#known[objective]) };
		}
	}

	/** Weighted gap of the last loss known; an objective never measured has none. */
	#gap(objective: Objective): number {
		const known = this.#known[objective];
		return known ? this.#weights[objective] * (known.loss - this.#optima[objective]) : Number.NEGATIVE_INFINITY;
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
