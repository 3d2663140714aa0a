import type { Objective } from "../data/types.js";

/** A loss that a strategy wants to know before it decides; no gradient is taken and no data set moves on. */
export interface Measurement {
	objective: Objective;
	/** Which of the batches still to be trained: 0 is the next one, 1 the one after it. */
	ahead: number;
}

/** What a strategy asks of one step. */
export interface Plan {
	/** At most one measurement of each objective. */
	evaluate?: Measurement[];
}

export interface Choice {
	/** Objectives to train in this step, with their weights in the step's loss; only these data sets advance. */
	train: { objective: Objective; weight: number }[];
}

export type Losses = Partial<Record<Objective, number>>;

/** Plain JSON that makes a resumed strategy continue exactly. */
export type StrategyState = Record<string, unknown>;

/** Seeded uniform numbers in [0, 1) whose state is plain JSON. */
export interface RandomSource {
	uniform(): number;
	state(): { position: number };
	restore(state: { position: number }): void;
}

export interface StrategyContext {
	/** Weight of the preference objective, in [0, 1]. */
	lambda: number;
	seed: number;
	/** A fresh generator of the run's seed, on a stream of its own. */
	random(): RandomSource;
	/** Best known loss of each objective alone (0 when unknown). */
	optima: Record<Objective, number>;
	/** Steps of the whole run. */
	steps: number;
	/** Passes over the data when the run's length was given so, else null. */
	epochs: number | null;
	/** Rows available per objective; 0 when the config has none. */
	rows: Record<Objective, number>;
	batch: Record<Objective, number>;
	/** The strategy's own options from the config. */
	options: Record<string, unknown>;
}

/**
 * Says per step what to train; pure TypeScript without access to tensors. The loop calls, for t = 1, 2, …:
 * `plan(t)`, then `choose(t, losses)` with the losses asked for, then `observe(t, losses)` with those trained.
 */
export interface Strategy {
	readonly name: string;
	/** Objectives this strategy can ever train; the loop loads only their data. */
	readonly objectives: readonly Objective[];
	/** True for a stage boundary before step t: the reference policy becomes the current policy. */
	startsStage?(step: number): boolean;
	/** Objectives trained in the stage that step t belongs to; all of them when absent. */
	stageObjectives?(step: number): readonly Objective[];
	plan(step: number): Plan;
	choose(step: number, losses: Losses): Choice;
	observe(step: number, losses: Losses): void;
	state(): StrategyState;
	restore(state: StrategyState): void;
}

export interface StrategyFactory {
	readonly name: string;
	readonly objectives: readonly Objective[];
	/**
	 * Steps of a run of so many epochs, from the batches one pass over each data set takes. Absent: the sum over the
	 * objectives, which fits a strategy that trains one objective a step.
	 */
	stepsOf?(batches: Record<Objective, number>): number;
	create(context: StrategyContext): Strategy;
}
