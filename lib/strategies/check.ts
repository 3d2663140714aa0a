import type { Objective } from "../data/types.js";
import { XrightError } from "../errors.js";
import type { StrategyContext } from "./types.js";

/** λ of the context. Throws CONFIG unless it is a number in [0, 1]. */
export function requireLambda(name: string, context: StrategyContext): number {
	const { lambda } = context;
	if (typeof lambda !== "number" || !(lambda >= 0 && lambda <= 1)) {
		throw new XrightError("CONFIG", `strategy.lambda is ${lambda}: ${name} needs a number from 0 to 1`, {
			hint: "lambda is the weight of the preference objective; SFT gets 1 − lambda.",
		});
	}
	return lambda;
}

/** Throws CONFIG when an objective that the strategy trains has no rows. */
export function requireRows(name: string, context: StrategyContext, objectives: readonly Objective[]): void {
	for (const objective of objectives) {
		if (context.rows[objective] > 0) continue;
		throw new XrightError(
			"CONFIG",
			`strategy ${name} trains the ${objective} objective, but there are no rows for it`,
			{
				hint: `Give data.${objective}.path, or choose a strategy that does not need it.`,
			},
		);
	}
}

/** Throws CONFIG unless `value` is a whole number of at least 1. */
export function requirePositiveInteger(key: string, value: unknown): number {
	if (!Number.isSafeInteger(value) || (value as number) < 1) {
		throw new XrightError("CONFIG", `${key} is ${JSON.stringify(value)}: it must be a whole number of at least 1`);
	}
	return value as number;
}

/** Throws CHECKPOINT: the saved state is not one this strategy wrote. */
export function badState(name: string, state: unknown): XrightError {
	return new XrightError("CHECKPOINT", `the saved state of strategy ${name} is not valid: ${JSON.stringify(state)}`);
}
