import { type Spread, spread } from "../eval/spread.js";
import { findStrategy } from "../strategies/index.js";
import type { StrategyFactory } from "../strategies/types.js";
import { type Drive, drive } from "./drive.js";
import type { ToyProblem } from "./problem.js";
import type { Vector } from "./types.js";

/** A strategy as the studies run it. */
export interface Method {
	label: string;
	factory: StrategyFactory;
	options: Record<string, unknown>;
	/** Draws random numbers of its own. */
	draws: boolean;
}

const joint = { options: {}, draws: false };
const sequential = { factory: findStrategy("sequential"), draws: false };

export const preferenceFirst: Method = {
	...sequential,
	label: "Sequential, preference first",
	options: { order: ["preference", "sft"] },
};

export const sftFirst: Method = {
	...sequential,
	label: "Sequential, SFT first",
	options: { order: ["sft", "preference"] },
};

/** Mix, ALRIGHT, and MAXRIGHT as Algorithm 2 has it, which measures both objectives in every step. */
export const jointMethods: readonly Method[] = [
	{ ...joint, label: "Mix", factory: findStrategy("mix") },
	{ ...joint, label: "ALRIGHT", factory: findStrategy("alright"), draws: true },
	{ ...joint, label: "MAXRIGHT", factory: findStrategy("maxright"), options: { evaluateEvery: 1 } },
];

/** The last θ of one run a seed; a single run where chance plays no part, since all would be the same. */
export function repeat(method: Method, seeds: readonly number[], run: Omit<Drive, "factory" | "options" | "seed">) {
	const chance = method.draws || Object.values(run.problem.rows).some((rows) => rows.length > 1);
	const used = chance ? seeds : seeds.slice(0, 1);
	const { factory, options } = method;
	return used.map((seed) => drive({ ...run, seed, factory, options }));
}

/** Mean and spread of a measure over the ends of repeated runs. */
export function spreadOver(ends: readonly Vector[], measure: (theta: Vector) => number): Spread {
	return spread(ends.map(measure)) as Spread;
}

export function idealDistance(problem: ToyProblem, theta: Vector): number {
	return Math.hypot(problem.gap("preference", theta), problem.gap("sft", theta));
}
