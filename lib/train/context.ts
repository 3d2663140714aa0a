import type { RunConfig } from "../config/schema.js";
import type { Sampler } from "../data/sampler.js";
import type { Dataset, Objective } from "../data/types.js";
import type { NativeSession } from "../native/binding.js";
import type { Strategy } from "../strategies/types.js";
import type { RunEvent } from "./events.js";
import type { ObjectiveTraits } from "./objectives.js";
import type { Optima } from "./optima/types.js";
import type { ReferenceLogps } from "./reference/logps.js";
import type { ReferencePolicy } from "./reference/policy.js";

/** Rows with what is remembered of them; `reference` is null for objectives that need none. */
export interface RowSet {
	dataset: Dataset;
	traits: ObjectiveTraits;
	/** Source file, for messages. */
	path: string;
	reference: ReferenceLogps | null;
}

export interface TrainSet extends RowSet {
	sampler: Sampler;
}

/** Everything a training step works with. */
export interface TrainContext {
	config: RunConfig;
	/** Steps of the whole run. */
	steps: number;
	session: NativeSession;
	strategy: Strategy;
	train: Partial<Record<Objective, TrainSet>>;
	heldOut: Partial<Record<Objective, RowSet>>;
	reference: ReferencePolicy;
	optima: Optima;
	emit(event: RunEvent): void;
	signal: AbortSignal;
}

/** Thrown between two native calls once the signal is aborted; never leaves `lib/train`. */
export class Interrupted extends Error {}

export function checkInterrupted(context: Pick<TrainContext, "signal">): void {
	if (context.signal.aborted) throw new Interrupted("interrupted");
}

/** The row set of an objective that the strategy trains. */
export function trainSet(context: TrainContext, objective: Objective): TrainSet {
	const found = context.train[objective];
	if (!found) throw new Error(`strategy ${context.strategy.name} asked for ${objective}, which it does not declare`);
	return found;
}
