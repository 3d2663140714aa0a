import { describe, expect, test } from "vitest";
import { forwardFlops, modelCost, trainFlops } from "../../lib/bench/flops.js";

// Two layers of width 4 with one 4 × 4 matrix each, a head of 10 words.
const cost = modelCost([{ in: 4, out: 4, count: 2 }], { in: 4, out: 10, count: 1 }, 2, 4);

describe("forwardFlops", () => {
	test("counts two operations a weight and token in the blocks, in the head only where a token is scored", () => {
		const without = { ...cost, hidden: 0 };
		expect(forwardFlops(without, { prompt: 3, responses: [2] })).toBe(2 * 32 * 5 + 2 * 40 * 2);
	});

	test("counts the keys each query sees: a pair's prompt once, each response with the whole prompt before it", () => {
		const onlyAttention = { ...cost, blockWeights: 0, headWeights: 0 };
		const keys = 1 + 2 + 3 + (4 + 5) + 4;
		expect(forwardFlops(onlyAttention, { prompt: 3, responses: [2, 1] })).toBe(4 * 4 * 2 * keys);
	});

	test("a shared prompt costs less than the same pair in two rows", () => {
		const shared = forwardFlops(cost, { prompt: 9, responses: [2, 3] });
		const apart = [2, 3].map((length) => forwardFlops(cost, { prompt: 9, responses: [length] }));
		expect(shared).toBeLessThan(apart.reduce((sum, flops) => sum + flops, 0));
	});
});

describe("trainFlops", () => {
	const row = { prompt: 3, responses: [2] };
	const products = forwardFlops({ ...cost, hidden: 0 }, row);
	const attention = forwardFlops(cost, row) - products;

	test("with frozen weights: products twice, attention three times", () => {
		expect(trainFlops(cost, row, false)).toBe(2 * products + 3 * attention);
	});

	test("with every weight trained: products three times", () => {
		expect(trainFlops(cost, row, true)).toBe(3 * products + 3 * attention);
	});
});
