import { beforeAll, describe, expect, it } from "vitest";
import { fitPowerLaw } from "../../lib/toy/power-law.js";
import { type RatesResult, runRates } from "../../lib/toy/rates/run.js";

let result: RatesResult;
beforeAll(() => {
	const setting = { lambda: 0.5, alpha0: 20, steps: [100, 316, 1000, 3162, 10_000] };
	result = runRates([1, 2, 3, 4, 5, 6, 7, 8], setting);
});

const rate = (problem: string, method: string) =>
	result.problems.find(({ name }) => name === problem)!.rates.find((rate) => rate.method.startsWith(method))!;

describe("rates (Theorem 4.1)", () => {
	it.each(["table-1", "noisy"])("%s: ALRIGHT's gap falls as 1/√T, within the theorem's bound", (problem) => {
		const { exponent, gaps } = rate(problem, "ALRIGHT");
		expect(exponent).toBeLessThanOrEqual(-0.4);
		expect(exponent).toBeLessThan(result.referenceExponent);
		const { bounds } = result.problems.find(({ name }) => name === problem)!;
		for (const [i, { mean }] of gaps.entries()) expect(mean).toBeLessThan(bounds[i]!);
	});

	it("with finite optima Sequential's gap does not change with T, in either order", () => {
		for (const method of ["Sequential, preference", "Sequential, SFT"]) {
			const { exponent, gaps } = rate("noisy", method);
			expect(Math.abs(exponent!)).toBeLessThan(0.05);
			for (const { mean } of gaps) expect(mean).toBeGreaterThan(0.4);
		}
	});

	it("on Table 1, whose optima are at infinity, it even grows", () => {
		for (const method of ["Sequential, preference", "Sequential, SFT"]) {
			const means = rate("table-1", method).gaps.map(({ mean }) => mean);
			expect(means[0]).toBeGreaterThan(0.2710415);
			expect(means).toEqual(means.toSorted((a, b) => a - b));
		}
	});

	it("Mix is below rounding on one-row data, so no exponent is claimed", () => {
		expect(rate("table-1", "Mix").exponent).toBeNull();
		expect(rate("noisy", "Mix").exponent).toBeLessThan(-0.4);
	});

	it("MAXRIGHT's gap falls on noisy single rows too: an easy row does not make its objective look solved for long", () => {
		const { gaps, exponent } = rate("noisy", "MAXRIGHT");
		expect(gaps.at(-1)!.mean).toBeLessThan(0.001);
		expect(exponent).toBeLessThan(-0.4);
	});

	it("is the same for the same seeds", () => {
		const short = { lambda: 0.5, alpha0: 20, steps: [10, 20] };
		expect(runRates([1, 2], short)).toEqual(runRates([1, 2], short));
	});
});

it("fitPowerLaw finds factor and exponent", () => {
	const points = [1, 10, 100, 1000].map((x) => ({ x, y: 3 * x ** -0.5 }));
	const { exponent, factor } = fitPowerLaw(points);
	expect(exponent).toBeCloseTo(-0.5, 12);
	expect(factor).toBeCloseTo(3, 12);
});
