import type { Objective } from "../data/types.js";
import { XrightError } from "../errors.js";
import { alright } from "./alright.js";
import { dpo } from "./dpo.js";
import { maxright } from "./maxright.js";
import { mix } from "./mix.js";
import { orpo } from "./orpo.js";
import { sequential } from "./sequential.js";
import { sft } from "./sft.js";
import type { StrategyFactory } from "./types.js";

/** Every built-in strategy; a new one adds its file and a line here. */
export const strategies: readonly StrategyFactory[] = [alright, dpo, maxright, mix, orpo, sequential, sft];

/** The strategy that trains one objective alone. */
export const alone = { preference: dpo, sft } as const satisfies Record<Objective, StrategyFactory>;

/** The strategy of that name. Throws CONFIG. */
export function findStrategy(name: string): StrategyFactory {
	const found = strategies.find((strategy) => strategy.name === name);
	if (found) return found;
	throw new XrightError("CONFIG", `strategy.name is ${JSON.stringify(name)}, which is no strategy`, {
		hint: `One of: ${strategies.map((strategy) => strategy.name).join(", ")}.`,
	});
}

/** Steps of a run of `epochs` passes; fractional epochs are rounded up to a whole batch of each data set. */
export function stepsOfEpochs(
	factory: Pick<StrategyFactory, "objectives" | "stepsOf">,
	epochs: number,
	rows: Record<Objective, number>,
	batch: Record<Objective, number>,
): number {
	const passes = (objective: Objective) => Math.ceil((epochs * rows[objective]) / batch[objective]);
	const batches = { preference: passes("preference"), sft: passes("sft") };
	if (factory.stepsOf) return factory.stepsOf(batches);
	return factory.objectives.reduce((sum, objective) => sum + batches[objective], 0);
}
