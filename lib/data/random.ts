/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): the n-th number is a function of
 * (seed, stream, substream, n) alone, so the whole state is one position and any epoch can be re-made from scratch.
 */

const MULTIPLIER_A = 0xd2511f53;
const MULTIPLIER_B = 0xcd9e8d57;
const WEYL_A = 0x9e3779b9;
const WEYL_B = 0xbb67ae85;
const TWO_32 = 4294967296;

/** Streams in use, so that two users of one run seed never see the same numbers. */
export const streams = { strategy: 1, preferenceOrder: 2, sftOrder: 3 } as const;

/** Upper 32 bits of the unsigned 64-bit product. */
function mulHigh(a: number, b: number): number {
	const aLow = a & 0xffff;
	const aHigh = a >>> 16;
	const bLow = b & 0xffff;
	const bHigh = b >>> 16;
	const low = Math.imul(aLow, bLow) >>> 0;
	const middle = aHigh * bLow + (low >>> 16);
	const carry = aLow * bHigh + (middle % 65536);
	return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/** One block: 4 words of 32 bits from a 128-bit counter and a 64-bit key; written into `out`. */
export function philox(counter: readonly [number, number, number, number], key: [number, number], out: Uint32Array) {
	let [c0, c1, c2, c3] = counter;
	let [k0, k1] = key;
	for (let round = 0; round < 10; round++) {
		const highA = mulHigh(MULTIPLIER_A, c0);
		const lowA = Math.imul(MULTIPLIER_A, c0) >>> 0;
		const highB = mulHigh(MULTIPLIER_B, c2);
		const lowB = Math.imul(MULTIPLIER_B, c2) >>> 0;
		c0 = (highB ^ c1 ^ k0) >>> 0;
		c1 = lowB;
		c2 = (highA ^ c3 ^ k1) >>> 0;
		c3 = lowA;
		k0 = (k0 + WEYL_A) >>> 0;
		k1 = (k1 + WEYL_B) >>> 0;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

export interface RandomState {
	/** 32-bit words used so far. */
	position: number;
}

/** Seeded uniform numbers whose state is one integer. `seed` is an integer in [0, 2⁵³). */
export class Random {
	readonly #key: [number, number];
	readonly #stream: number;
	readonly #substream: number;
	readonly #block = new Uint32Array(4);
	#position = 0;

	constructor(seed: number, stream = 0, substream = 0) {
		if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed must be a non-negative integer: ${seed}`);
		this.#key = [seed % TWO_32, Math.floor(seed / TWO_32)];
		this.#stream = stream >>> 0;
		this.#substream = substream >>> 0;
	}

	/** Next 32 random bits, as an unsigned integer. */
	next(): number {
		const within = this.#position % 4;
		if (within === 0) this.#fill();
		this.#position++;
		return this.#block[within] as number;
	}

	/** Uniform in [0, 1) with 53 random bits. */
	uniform(): number {
		const high = this.next() >>> 5;
		const low = this.next() >>> 6;
		return (high * 67108864 + low) / 9007199254740992;
	}

	/** Uniform integer in [0, bound), without bias; `bound` ≤ 2³². */
	below(bound: number): number {
		const limit = TWO_32 - (TWO_32 % bound);
		let word = this.next();
		while (word >= limit) word = this.next();
		return word % bound;
	}

	state(): RandomState {
		return { position: this.#position };
	}

	restore(state: RandomState): void {
		if (!Number.isSafeInteger(state.position) || state.position < 0) {
			throw new RangeError(`not a state of this generator: ${JSON.stringify(state)}`);
		}
		this.#position = state.position;
		if (this.#position % 4 !== 0) this.#fill();
	}

	#fill(): void {
		const block = Math.floor(this.#position / 4);
		const counter = [block % TWO_32, Math.floor(block / TWO_32), this.#stream, this.#substream] as const;
		philox(counter, this.#key, this.#block);
	}
}
