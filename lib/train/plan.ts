import type { RunConfig } from "../config/schema.js";
import { Random, streams } from "../data/random.js";
import type { Objective } from "../data/types.js";
import { findStrategy, stepsOfEpochs } from "../strategies/index.js";
import type { Strategy, StrategyContext, StrategyFactory } from "../strategies/types.js";
import type { RunData } from "./data.js";
import { byObjective } from "./objectives.js";

/** How long a run is and who decides its steps. */
export interface RunPlan {
	steps: number;
	strategy: Strategy;
	rows: Record<Objective, number>;
	optima: Record<Objective, number>;
}

/** The factory the caller gave, or the configuration's own. */
export function strategyFactory(config: RunConfig, own: StrategyFactory | undefined): StrategyFactory {
	return own ?? findStrategy(config.strategy.name);
}

/** Steps and strategy of a run over this data. Throws CONFIG. */
export function planRun(config: RunConfig, factory: StrategyFactory, data: RunData): RunPlan {
	const rows = byObjective((objective) => data.train[objective]?.dataset.length ?? 0);
	const { batch, epochs } = config.train;
	const steps = config.train.steps ?? stepsOfEpochs(factory, epochs ?? 1, rows, batch);
	const optima = byObjective((objective) => config.optima[objective] ?? 0);
	const { name: _, lambda = 0.5, ...options } = { lambda: undefined, ...config.strategy };
	const context: StrategyContext = {
		lambda,
		seed: config.seed,
		random: () => new Random(config.seed, streams.strategy),
		optima,
		steps,
		epochs,
		rows,
		batch,
		options,
	};
	return { steps, strategy: factory.create(context), rows, optima };
}

/** What the run assumes where the configuration is silent. */
export function planNotes(config: RunConfig, strategy: Strategy, data: RunData): string[] {
	const notes: string[] = [];
	const unknown = strategy.objectives.filter((objective) => config.optima[objective] === null);
	if (unknown.length > 0) notes.push(`optima of ${unknown.join(" and ")} are not given: 0 is used for gaps`);
	const heldOut = Object.keys(data.heldOut);
	if (heldOut.length === 0) notes.push("no held-out rows (data.*.evaluation): nothing is evaluated during the run");
	return notes;
}
