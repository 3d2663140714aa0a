import { beforeAll, describe, expect, it } from "vitest";
import { type LowerBoundResult, runLowerBound } from "../../lib/toy/lower-bound/run.js";

let result: LowerBoundResult;
beforeAll(() => {
	result = runLowerBound([1, 2, 3, 4, 5], { lambdas: [0.25, 0.5, 0.75], steps: 20_000, alpha0: 10 });
});

const gap = (method: string, lambda: number) =>
	result.ends.find((end) => end.method === method && end.lambda === lambda)!.gap.mean;

describe("lower bound (Theorem 3.3)", () => {
	it("measures what the closed forms say", () => {
		for (const { name, error } of result.closedForms) expect([name, error < 1e-10]).toEqual([name, true]);
		for (const { error } of result.ends) expect(error).toBeLessThan(1e-12);
	});

	it("Sequential keeps at least the bound's gap at every λ, in both orders", () => {
		const sequential = result.ends.filter(({ bound }) => bound !== null);
		expect(sequential).toHaveLength(6);
		for (const { gap, bound } of sequential) expect(gap.mean).toBeGreaterThan(bound!);
		expect(gap("Sequential, preference first", 0.5)).toBeGreaterThan(0.2710415);
	});

	it("Mix and ALRIGHT lose theirs", () => {
		for (const lambda of [0.25, 0.5, 0.75]) {
			expect(Math.abs(gap("Mix", lambda))).toBeLessThan(1e-12);
			expect(gap("ALRIGHT", lambda)).toBeLessThan(0.01);
		}
	});

	it("MAXRIGHT's vanishes at λ = ½, where the minimiser balances both gaps, and not elsewhere", () => {
		expect(gap("MAXRIGHT", 0.5)).toBeLessThan(1e-5);
		expect(gap("MAXRIGHT", 0.25)).toBeGreaterThan(0.2);
		expect(gap("MAXRIGHT", 0.75)).toBeGreaterThan(0.2);
	});

	it("Sequential passes close to the minimiser on its way from one optimum to the other", () => {
		const { points } = result.paths[0]!;
		const second = points.filter(({ step }) => step > 10_000).map(({ theta }) => theta[0]!);
		expect(Math.min(...second)).toBeLessThan(-5);
		expect(second.at(-1)).toBeGreaterThan(0);
	});
});
