import type { Dataset } from "../data/types.js";
import type { NativeSession } from "../native/binding.js";
import { type MicroBatch, streamMicroBatches } from "./batches.js";
import { kindTraits } from "./row-kinds.js";

/** Reference log-probs of one data set's sequences, row by row; computed once, NaN until then. */
export class ReferenceLogps {
	readonly values: Float64Array;
	readonly #sequences: number;

	constructor(dataset: Dataset) {
		this.#sequences = kindTraits(dataset.kind).sequences;
		this.values = new Float64Array(dataset.length * this.#sequences).fill(Number.NaN);
	}

	has(row: number): boolean {
		return !Number.isNaN(this.values[row * this.#sequences]);
	}

	/** Log-probs of these rows' sequences, in order. */
	of(rows: readonly number[]): Float64Array {
		const result = new Float64Array(rows.length * this.#sequences);
		for (const [position, row] of rows.entries()) {
			result.set(this.#slice(row), position * this.#sequences);
		}
		return result;
	}

	/** Keeps the log-probs of rows not known yet. */
	learn(rows: readonly number[], logps: Float64Array): void {
		for (const [position, row] of rows.entries()) {
			if (this.has(row)) continue;
			const start = position * this.#sequences;
			this.values.set(logps.subarray(start, start + this.#sequences), row * this.#sequences);
		}
	}

	/** Forgets everything: the reference policy changed. */
	clear(): void {
		this.values.fill(Number.NaN);
	}

	#slice(row: number): Float64Array {
		return this.values.subarray(row * this.#sequences, (row + 1) * this.#sequences);
	}
}

/**
 * Scores under the reference policy. A session that keeps no copy of it (full-parameter training) can only do so
 * while the policy still is the reference: then everything is scored ahead of the first update.
 */
export class ReferencePolicy {
	readonly keepsCopy: boolean;
	readonly #session: NativeSession;

	constructor(session: NativeSession, keepsCopy: boolean) {
		this.#session = session;
		this.keepsCopy = keepsCopy;
	}

	/** Makes sure all rows of the micro-batch are known: one forward pass, packed as in training, if one is not. */
	async fill(logps: ReferenceLogps, microBatch: MicroBatch): Promise<void> {
		if (microBatch.rows.every((row) => logps.has(row))) return;
		const scored = await this.#session.score(microBatch.batch, this.keepsCopy ? "reference" : "current");
		logps.learn(microBatch.rows, scored.logps);
	}

	/** The same for many rows; `onRows` hears how many more are done after each micro-batch. */
	async fillAll(
		logps: ReferenceLogps,
		dataset: Dataset,
		rows: readonly number[],
		budget: number,
		onRows: (count: number) => void,
	): Promise<void> {
		const missing = rows.filter((row) => !logps.has(row));
		for (const microBatch of streamMicroBatches(dataset, missing, budget)) {
			await this.fill(logps, microBatch);
			onRows(microBatch.rows.length);
		}
	}

	/** Makes the reference what the policy is now. */
	async snapshot(): Promise<void> {
		if (this.keepsCopy) await this.#session.snapshotReference();
	}
}
