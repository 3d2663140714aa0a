import { XrightError } from "../errors.js";
import { Random } from "./random.js";

export interface SamplerState {
	/** Passes over the data completed so far. */
	epoch: number;
	/** Rows of the current pass already taken; less than the number of rows. */
	position: number;
}

export interface SamplerOptions {
	seed: number;
	shuffle: boolean;
	/** Tells the orders of two data sets under one seed apart (see `streams` in random.ts). */
	stream?: number;
}

/**
 * Endless order over the rows of one data set: every epoch takes each row exactly once, in an order made from
 * (seed, stream, epoch) alone. The last batch of an epoch is filled up from the next one, so every step has the same
 * number of rows. The state is two integers; the order itself is one Int32Array an epoch.
 */
export class Sampler {
	readonly length: number;
	readonly #options: SamplerOptions;
	/** Orders of the current epoch and, near its end, the next. */
	readonly #orders = new Map<number, Int32Array>();
	#epoch = 0;
	#position = 0;

	/** Throws DATA when there is no row to sample. */
	constructor(length: number, options: SamplerOptions) {
		if (length < 1) throw new XrightError("DATA", "There is no row to train on.");
		this.length = length;
		this.#options = options;
	}

	/** The `count` row indices after the next `skip`, without moving on. */
	peek(count: number, skip = 0): number[] {
		const indices: number[] = [];
		let { epoch, position } = this.#after(skip);
		while (indices.length < count) {
			indices.push(this.#at(epoch, position));
			position++;
			if (position === this.length) {
				epoch++;
				position = 0;
			}
		}
		return indices;
	}

	/** The rows among the next `count`, each once, in the order of their first turn. */
	upcoming(count: number): number[] {
		return [...new Set(this.peek(Math.min(count, 2 * this.length)))];
	}

	/** The next `count` row indices; moves past them. */
	take(count: number): number[] {
		const indices = this.peek(count);
		const { epoch, position } = this.#after(count);
		this.#epoch = epoch;
		this.#position = position;
		for (const passed of this.#orders.keys()) if (passed < epoch) this.#orders.delete(passed);
		return indices;
	}

	state(): SamplerState {
		return { epoch: this.#epoch, position: this.#position };
	}

	/** Throws CHECKPOINT when the state belongs to a data set of another size. */
	restore(state: SamplerState): void {
		const { epoch, position } = state;
		if (!Number.isSafeInteger(epoch) || epoch < 0 || !Number.isSafeInteger(position) || position < 0) {
			throw new XrightError("CHECKPOINT", `Data position is not valid: epoch ${epoch}, row ${position}.`);
		}
		if (position >= this.length) {
			throw new XrightError("CHECKPOINT", `Data position ${position} lies beyond the ${this.length} rows there are.`, {
				hint: "The data changed since the checkpoint; start a new run.",
			});
		}
		this.#epoch = epoch;
		this.#position = position;
		this.#orders.clear();
	}

	/** Where the order stands once `count` more rows are taken. */
	#after(count: number): SamplerState {
		const total = this.#position + count;
		return { epoch: this.#epoch + Math.floor(total / this.length), position: total % this.length };
	}

	#at(epoch: number, position: number): number {
		if (!this.#options.shuffle) return position;
		let order = this.#orders.get(epoch);
		if (!order) {
			order = permutation(this.length, new Random(this.#options.seed, this.#options.stream ?? 0, epoch));
			this.#orders.set(epoch, order);
		}
		return order[position] as number;
	}
}

/** Uniformly random order of 0 … length−1 (Fisher–Yates). */
export function permutation(length: number, random: Random): Int32Array {
	const order = Int32Array.from({ length }, (_, index) => index);
	for (let last = length - 1; last > 0; last--) {
		const other = random.below(last + 1);
		const value = order[last] as number;
		order[last] = order[other] as number;
		order[other] = value;
	}
	return order;
}
