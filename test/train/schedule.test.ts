import { describe, expect, it } from "vitest";
import { learningRate, type Schedule, warmupSteps } from "../../lib/train/schedule.js";

function rates(name: Schedule["name"], warmup: number, steps: number): number[] {
	return Array.from({ length: steps }, (_, index) => learningRate({ name, warmup }, 1, index + 1, steps));
}

describe("learning rate schedules", () => {
	it("constant stays at the peak", () => {
		expect(rates("constant", 0, 4)).toEqual([1, 1, 1, 1]);
	});

	it("constant rises linearly during warm-up", () => {
		expect(rates("constant", 4, 6)).toEqual([0, 0.25, 0.5, 0.75, 1, 1]);
	});

	it("linear falls to zero at the step after the last", () => {
		expect(rates("linear", 0, 4)).toEqual([1, 0.75, 0.5, 0.25]);
		expect(rates("linear", 2, 6)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25]);
		expect(learningRate({ name: "linear", warmup: 0 }, 1, 5, 4)).toBe(0);
	});

	it("cosine follows half a cosine wave", () => {
		const expected = [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2];
		for (const [index, rate] of rates("cosine", 0, 4).entries())
			expect(rate).toBeCloseTo(expected[index] as number, 14);
	});

	it("reads warm-up below 1 as a share of the run, rounded up", () => {
		expect(warmupSteps({ name: "constant", warmup: 0.1 }, 25)).toBe(3);
		expect(warmupSteps({ name: "constant", warmup: 1 }, 25)).toBe(1);
		expect(warmupSteps({ name: "constant", warmup: 20 }, 25)).toBe(20);
		expect(rates("constant", 0.5, 4)).toEqual([0, 0.5, 1, 1]);
	});

	it("scales with the peak", () => {
		expect(learningRate({ name: "linear", warmup: 0 }, 5e-5, 3, 4)).toBe(2.5e-5);
	});

	it("survives a warm-up as long as the run", () => {
		expect(rates("cosine", 3, 3)).toEqual([0, 1 / 3, 2 / 3]);
	});
});
