import { Random, streams } from "../../lib/data/random.js";
import type { Objective } from "../../lib/data/types.js";
import type { Losses, Strategy, StrategyContext } from "../../lib/strategies/types.js";

/** A context with both data sets; `overrides` replaces any part. */
export function strategyContext(overrides: Partial<StrategyContext> = {}): StrategyContext {
	const seed = overrides.seed ?? 42;
	return {
		lambda: 0.5,
		seed,
		random: () => new Random(seed, streams.strategy),
		optima: { preference: 0, sft: 0 },
		steps: 100,
		epochs: null,
		rows: { preference: 40, sft: 160 },
		batch: { preference: 4, sft: 16 },
		options: {},
		...overrides,
	};
}

/** Runs steps first … last the way the loop does; `losses` is what the policy has at each step. */
export function drive(strategy: Strategy, first: number, last: number, world: World): Objective[][] {
	const trained: Objective[][] = [];
	for (let step = first; step <= last; step++) {
		const asked: Losses = {};
		for (const { objective } of strategy.plan(step).evaluate ?? []) asked[objective] = world.losses[objective];
		const chosen = strategy.choose(step, asked).train.map(({ objective }) => objective);
		const seen: Losses = {};
		for (const objective of chosen) seen[objective] = world.losses[objective];
		for (const objective of chosen) world.train(objective);
		strategy.observe(step, seen);
		trained.push(chosen);
	}
	return trained;
}

export interface World {
	losses: Record<Objective, number>;
	train(objective: Objective): void;
}

/** Training an objective lowers its loss by 3 and raises the other's by 1. */
export function conflictingWorld(preference: number, sft: number): World {
	const losses = { preference, sft };
	return {
		losses,
		train(objective) {
			losses[objective] -= 3;
			losses[objective === "sft" ? "preference" : "sft"] += 1;
		},
	};
}
