import type { Dataset } from "../../data/types.js";
import { kindTraits } from "../row-kinds.js";
import type { RowStore } from "./row-store.js";

/** Reference log-probs of one data set's sequences, row by row; computed once, NaN until then. */
export class ReferenceLogps {
	readonly values: Float64Array;
	/** Scored sequences of a row. */
	readonly sequences: number;
	#store: RowStore | null = null;

	constructor(dataset: Dataset) {
		this.sequences = kindTraits(dataset.kind).sequences;
		this.values = new Float64Array(dataset.length * this.sequences).fill(Number.NaN);
	}

	has(row: number): boolean {
		return !Number.isNaN(this.values[row * this.sequences]);
	}

	/** Log-probs of these rows' sequences, in order. */
	of(rows: readonly number[]): Float64Array {
		const result = new Float64Array(rows.length * this.sequences);
		for (const [position, row] of rows.entries()) result.set(this.#slice(row), position * this.sequences);
		return result;
	}

	/** Keeps the log-probs of rows not known yet, on disk too. */
	async learn(rows: readonly number[], logps: Float64Array): Promise<void> {
		const missing = [...rows.entries()].filter(([, row]) => !this.has(row));
		for (const [position, row] of missing) {
			const start = position * this.sequences;
			this.values.set(logps.subarray(start, start + this.sequences), row * this.sequences);
		}
		const learned = missing.map(([, row]) => row);
		await this.#store?.append(learned, this.of(learned));
	}

	/** Takes the rows that a store has and these log-probs lack; new ones are kept there from now on. Returns how many. */
	async attach(store: RowStore): Promise<number> {
		this.#store = store;
		let taken = 0;
		for (const [row, logps] of await store.rows(this.values.length / this.sequences)) {
			if (this.has(row)) continue;
			this.values.set(logps, row * this.sequences);
			taken++;
		}
		return taken;
	}

	/** Takes saved values over those known, where they are known. */
	restore(saved: Float64Array): void {
		for (const [index, value] of saved.entries()) if (!Number.isNaN(value)) this.values[index] = value;
	}

	/** Forgets everything, and the store: the reference policy is another one from here on. */
	clear(): void {
		this.values.fill(Number.NaN);
		this.#store = null;
	}

	#slice(row: number): Float64Array {
		return this.values.subarray(row * this.sequences, (row + 1) * this.sequences);
	}
}
