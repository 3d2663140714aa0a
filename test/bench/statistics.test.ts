import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareMedians, median, relativeNoise } from "../../lib/bench/statistics.js";

describe("median", () => {
	test("is the middle value, or the mean of the two middle ones", () => {
		expect(median([3, 1, 2])).toBe(2);
		expect(median([4, 1, 2, 3])).toBe(2.5);
		expect(median([])).toBeNaN();
	});

	test("leaves the values in their order", () => {
		const values = [3, 1, 2];
		median(values);
		expect(values).toEqual([3, 1, 2]);
	});
});

describe("relativeNoise", () => {
	test("is 0 for equal rounds and unknown for a single one", () => {
		expect(relativeNoise([5, 5, 5])).toBe(0);
		expect(relativeNoise([5])).toBe(Number.POSITIVE_INFINITY);
	});

	test("matches the formula: 1.96 × 1.2533 × 1.4826 × MAD ÷ √n ÷ median", () => {
		expect(relativeNoise([9, 10, 11, 10, 12])).toBeCloseTo((1.96 * 1.2533 * 1.4826 * 1) / Math.sqrt(5) / 10, 10);
	});

	test("one round that another job disturbed does not move it", () => {
		expect(relativeNoise([10, 10.1, 9.9, 10, 2])).toBeLessThan(0.02);
	});

	test("does not depend on the unit", () => {
		const positive = fc.array(fc.double({ min: 1, max: 100, noNaN: true }), { minLength: 2, maxLength: 9 });
		fc.assert(
			fc.property(positive, (values) => {
				const scaled = relativeNoise(values.map((value) => value * 1000));
				expect(scaled).toBeCloseTo(relativeNoise(values), 9);
			}),
		);
	});
});

test("compareMedians gives the relative change and the noise of both sides together", () => {
	const { change, noise } = compareMedians([10, 10, 10], [12, 12, 12]);
	expect(change).toBeCloseTo(0.2, 10);
	expect(noise).toBe(0);
	const noisy = compareMedians([9, 10, 11], [9, 10, 11]);
	expect(noisy.change).toBe(0);
	expect(noisy.noise).toBeCloseTo(Math.SQRT2 * relativeNoise([9, 10, 11]), 10);
});
