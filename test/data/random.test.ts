import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox, Random } from "../../lib/data/random.js";

const words = (counter: [number, number, number, number], key: [number, number]) => {
	const out = new Uint32Array(4);
	philox(counter, key, out);
	return [...out].map((word) => word.toString(16).padStart(8, "0")).join(" ");
};

describe("philox", () => {
	// Known answers published with the algorithm (Random123, kat_vectors, philox4x32 10).
	test("gives the published answers", () => {
		const ones = 0xffffffff;
		expect(words([0, 0, 0, 0], [0, 0])).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
		expect(words([ones, ones, ones, ones], [ones, ones])).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
		expect(words([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toBe(
			"d16cfe09 94fdcceb 5001e420 24126ea1",
		);
	});
});

describe("Random", () => {
	test("continues from its state", () => {
		const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
		fc.assert(
			fc.property(seed, fc.nat(20), (seed, used) => {
				const random = new Random(seed, 7);
				for (let i = 0; i < used; i++) random.next();
				const restored = new Random(seed, 7);
				restored.restore(JSON.parse(JSON.stringify(random.state())));
				const expected = Array.from({ length: 9 }, () => random.uniform());
				expect(Array.from({ length: 9 }, () => restored.uniform())).toEqual(expected);
			}),
		);
	});

	test("differs by seed (all 53 bits), stream and substream", () => {
		const first = [new Random(1), new Random(2), new Random(1 + 2 ** 40), new Random(1, 1), new Random(1, 0, 1)];
		expect(new Set(first.map((random) => random.next())).size).toBe(first.length);
	});

	test("is uniform", () => {
		const random = new Random(3);
		const bins = new Array<number>(16).fill(0);
		let sum = 0;
		for (let i = 0; i < 16000; i++) {
			const value = random.uniform();
			expect(value >= 0 && value < 1).toBe(true);
			sum += value;
			bins[Math.floor(value * 16)]!++;
		}
		expect(sum / 16000).toBeCloseTo(0.5, 1);
		// 15 degrees of freedom: chi-square stays below 45 with p > 0.9999; the seed is fixed, so this never varies.
		expect(bins.reduce((chi, count) => chi + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(45);
	});

	test("below() stays below and reaches every value", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
				const value = new Random(seed).below(bound);
				expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
			}),
		);
		const random = new Random(5);
		expect(new Set(Array.from({ length: 200 }, () => random.below(7))).size).toBe(7);
	});

	test("refuses seeds and states it could not reproduce", () => {
		expect(() => new Random(-1)).toThrow(RangeError);
		expect(() => new Random(0.5)).toThrow(RangeError);
		expect(() => new Random(1).restore({ position: -4 })).toThrow(RangeError);
	});
});
