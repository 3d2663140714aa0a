import { referenceTraining } from "../config/reference.js";
import type { RunConfig } from "../config/schema.js";
import { Random, streams } from "../data/random.js";
import type { Objective } from "../data/types.js";
import { findStrategy, stepsOfEpochs } from "../strategies/index.js";
import type { Strategy, StrategyContext, StrategyFactory } from "../strategies/types.js";
import type { RunData } from "./data.js";
import { byObjective } from "./objectives.js";
import type { Optima } from "./optima/types.js";
import { isJoint } from "./stop.js";

/** How long a run is and who decides its steps. */
export interface RunPlan {
	steps: number;
	strategy: Strategy;
	rows: Record<Objective, number>;
}

/** The factory the caller gave, or the configuration's own. */
export function strategyFactory(config: RunConfig, own: StrategyFactory | undefined): StrategyFactory {
	return own ?? findStrategy(config.strategy.name);
}

/** Steps and strategy of a run over this data. Throws CONFIG. */
export function planRun(config: RunConfig, factory: StrategyFactory, data: RunData, optima: Optima = {}): RunPlan {
	const rows = byObjective((objective) => data.train[objective]?.dataset.length ?? 0);
	const { batch, epochs } = config.train;
	const steps = config.train.steps ?? stepsOfEpochs(factory, epochs ?? 1, rows, batch);
	const { name: _, lambda = 0.5, ...options } = { lambda: undefined, ...config.strategy };
	const context: StrategyContext = {
		lambda,
		seed: config.seed,
		random: () => new Random(config.seed, streams.strategy),
		optima: byObjective((objective) => optima[objective]?.training ?? 0),
		steps,
		epochs,
		rows,
		batch,
		options,
	};
	return { steps, strategy: factory.create(context), rows };
}

/** What the run assumes where the configuration is silent. */
export function planNotes(config: RunConfig, strategy: Strategy, data: RunData): string[] {
	const notes: string[] = [];
	const { optima } = config;
	const unknown = optima === "estimate" ? [] : strategy.objectives.filter((objective) => optima[objective] === null);
	if (unknown.length > 0) notes.push(`optima of ${unknown.join(" and ")} are not given: 0 is used for gaps`);
	const heldOut = Object.keys(data.heldOut);
	if (heldOut.length === 0) notes.push("no held-out rows (data.*.evaluation): nothing is evaluated during the run");
	const training = referenceTraining(config);
	if (training) notes.push(`the reference is fine-tuned first (${training.train}), unless an equal one is known`);
	if (optima === "estimate") notes.push("each objective is first trained alone for its optimum, unless that is known");
	if (config.stop !== null && !isJoint(strategy))
		notes.push(`stop has no effect: ${strategy.name} does not train both at once`);
	return notes;
}
