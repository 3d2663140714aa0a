import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import type { PreferenceRow, SftRow, UnpairedRow } from "../data/types.js";
import type { NativeSession } from "../native/binding.js";
import { allRows, type MicroBatch, streamMicroBatches } from "./batches.js";
import type { RowSet } from "./context.js";
import { openRows } from "./data.js";
import { findModel, loadModel, type Surroundings } from "./model.js";
import { objectiveNames } from "./objectives.js";
import { kindTraits } from "./row-kinds.js";

/** Sums over response tokens, EOS included. `index` is the row's place in its file, counted from 0. */
export interface PreferenceScore {
	index: number;
	logp_chosen: number;
	logp_rejected: number;
	tokens_prompt: number;
	tokens_chosen: number;
	tokens_rejected: number;
}

export interface SftScore {
	index: number;
	nll: number;
	tokens_prompt: number;
	tokens_response: number;
}

export interface UnpairedScore {
	index: number;
	label: boolean;
	logp: number;
	tokens_prompt: number;
	tokens_response: number;
}

export type RowScore = PreferenceScore | SftScore | UnpairedScore;

/** Log-probs of every row of the configuration's training data: first the pairs, then the SFT rows, in file order. */
export async function* score(
	value: RunConfig | RunConfigInput,
	options: Partial<Surroundings> = {},
): AsyncGenerator<RowScore> {
	const around = { env: process.env, signal: new AbortController().signal, emit() {}, ...options };
	const config = await resolveConfig(value, "the configuration", process.cwd());
	const found = await findModel(config, around);
	const { session } = await loadModel(config, found, false, around);
	try {
		for (const objective of objectiveNames) {
			const set = await openRows(config, objective, "train", found.tokenizer, around);
			if (!set) continue;
			try {
				yield* scoreRows(session, set, config.train.microBatchTokens, around);
			} finally {
				set.dataset.close();
			}
		}
	} finally {
		await session.dispose();
	}
}

async function* scoreRows(
	session: NativeSession,
	set: RowSet,
	budget: number,
	around: Surroundings,
): AsyncGenerator<RowScore> {
	const { dataset } = set;
	const { trained } = kindTraits(dataset.kind);
	const total = dataset.length;
	let done = 0;
	for (const microBatch of streamMicroBatches(dataset, allRows(total), budget)) {
		around.signal.throwIfAborted();
		const { logps } = await session.score(trained?.(microBatch.batch) ?? microBatch.batch, "current");
		yield* describe(set, microBatch, logps);
		done += microBatch.rows.length;
		around.emit({ event: "progress", phase: `scoring ${dataset.objective}`, done, total, unit: "rows" });
	}
}

function* describe({ dataset }: RowSet, { rows }: MicroBatch, logps: Float64Array): Generator<RowScore> {
	const perRow = logps.length / rows.length;
	for (const [position, row] of rows.entries()) {
		const scores = logps.subarray(position * perRow, (position + 1) * perRow);
		yield describers[dataset.kind](dataset.sourceIndex(row), dataset.row(row) as never, scores);
	}
}

const describers = {
	preference: (index: number, row: PreferenceRow, [chosen, rejected]: Float64Array): PreferenceScore => ({
		index,
		logp_chosen: chosen as number,
		logp_rejected: rejected as number,
		tokens_prompt: row.prompt.length,
		tokens_chosen: row.chosen.length,
		tokens_rejected: row.rejected.length,
	}),
	sft: (index: number, row: SftRow, [logp]: Float64Array): SftScore => ({
		index,
		nll: -(logp as number),
		tokens_prompt: row.prompt.length,
		tokens_response: row.response.length,
	}),
	unpaired: (index: number, row: UnpairedRow, [logp]: Float64Array): UnpairedScore => ({
		index,
		label: row.desirable,
		logp: logp as number,
		tokens_prompt: row.prompt.length,
		tokens_response: row.response.length,
	}),
};
