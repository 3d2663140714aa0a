import type { RunConfig } from "../../config/schema.js";
import { allRows, streamMicroBatches } from "../batches.js";
import { checkInterrupted, type RowSet } from "../context.js";
import type { RunData } from "../data.js";
import { loadModel, type Surroundings } from "../model.js";
import { openRowStore } from "./cache.js";
import type { FoundReference } from "./given.js";
import type { ReferenceLogps } from "./logps.js";

/** Rows to score: those that lie together in this order are scored together. */
interface Work {
	logps: ReferenceLogps;
	set: RowSet;
	rows: number[];
	/** What the order depends on besides the rows themselves. */
	order: object;
}

/**
 * Scores every row that `steps` steps and the evaluations can need, in a session that is gone when this returns. Which
 * rows are scored together does not depend on what was known before.
 */
export async function scoreAhead(
	reference: FoundReference,
	data: RunData,
	steps: number,
	around: Surroundings,
): Promise<void> {
	const { microBatchTokens } = reference.config.train;
	const work = workOf(reference, data, steps);
	for (const { logps, set, order } of work) {
		await openRowStore(logps, set, reference, { microBatchTokens, ...order }, around);
	}
	const total = work.reduce((sum, { logps, rows }) => sum + missing(logps, rows), 0);
	if (total === 0) return;
	let done = 0;
	const { session } = await loadModel(reference.config, reference.found, false, around);
	try {
		for (const { logps, set, rows } of work) {
			for (const microBatch of streamMicroBatches(set.dataset, rows, microBatchTokens)) {
				const wanted = missing(logps, microBatch.rows);
				if (wanted === 0) continue;
				checkInterrupted(around);
				await logps.learn(microBatch.rows, (await session.score(microBatch.batch, "current")).logps);
				done += wanted;
				around.emit({ event: "progress", phase: "reference log-probs", done, total, unit: "rows" });
			}
		}
	} finally {
		await session.dispose();
	}
}

function workOf({ config }: FoundReference, data: RunData, steps: number): Work[] {
	const work: Work[] = [];
	for (const set of Object.values(data.train)) {
		const rows = set.sampler.upcoming(steps * config.train.batch[set.dataset.objective]);
		if (set.reference) work.push({ logps: set.reference, set, ...inOrder(config, rows, set.dataset.length) });
	}
	for (const set of Object.values(data.heldOut)) {
		if (set.reference) work.push({ logps: set.reference, set, rows: allRows(set.dataset.length), order: {} });
	}
	return work;
}

/**
 * A run that needs most rows scores all of them as they lie in the data, which serves runs of every seed; a short one
 * only its own, in the order of their turn.
 */
function inOrder({ seed, train }: RunConfig, rows: number[], length: number): Pick<Work, "rows" | "order"> {
	if (2 * rows.length >= length) return { rows: allRows(length), order: {} };
	return { rows, order: { seed, shuffle: train.shuffle, rows: rows.length } };
}

function missing(logps: ReferenceLogps, rows: readonly number[]): number {
	return rows.filter((row) => !logps.has(row)).length;
}
