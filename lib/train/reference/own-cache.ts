import type { TrainContext } from "../context.js";
import type { Surroundings } from "../model.js";
import { openRowStore } from "./cache.js";
import type { FoundReference } from "./given.js";

/**
 * The disk cache of a reference that is what the run starts from. Rows are scored as training first packs them, and
 * the key says how, so that with a warm cache too the first loss of DPO is ln 2 to the last bit. After a stage
 * boundary the reference is this run's alone, and nothing is cached.
 */
export async function attachCache(
	context: TrainContext,
	model: FoundReference,
	step: number,
	around: Surroundings,
): Promise<void> {
	for (let done = 2; done <= step; done++) if (context.strategy.startsStage?.(done)) return;
	const { seed, train, adapter } = context.config;
	const { shuffle, microBatchTokens } = train;
	for (const set of Object.values(context.train)) {
		if (!set.reference) continue;
		const batch = train.batch[set.dataset.objective];
		const ahead = adapter.type === "none" ? context.steps * batch : null;
		await openRowStore(set.reference, set, model, { seed, shuffle, batch, microBatchTokens, ahead }, around);
	}
	for (const set of Object.values(context.heldOut)) {
		if (set.reference) await openRowStore(set.reference, set, model, { microBatchTokens }, around);
	}
}
