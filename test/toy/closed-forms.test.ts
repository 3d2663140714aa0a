import { describe, expect, it } from "vitest";
import * as closed from "../../lib/toy/closed-forms.js";
import { table1, table1Reference } from "../../lib/toy/data.js";
import { minimise } from "../../lib/toy/minimise.js";
import { ToyProblem } from "../../lib/toy/problem.js";

const problem = new ToyProblem(table1, table1Reference);
const lambdas = [0.01, 0.25, 0.5, 0.75, 0.99];

/** Minimum of a unimodal function, knowing nothing but its values. */
function goldenSection(f: (x: number) => number, low: number, high: number): number {
	const ratio = (Math.sqrt(5) - 1) / 2;
	let [a, b] = [low, high];
	while (b - a > 1e-9) {
		const [left, right] = [b - ratio * (b - a), a + ratio * (b - a)];
		if (f(left) < f(right)) b = right;
		else a = left;
	}
	return (a + b) / 2;
}

/** Zero of the gradient of λ log(1 + e⁵z) + (1 − λ) log(1 + 1/z), z = e^{θ/2}, by Newton's method in θ. */
function newton(lambda: number): number {
	const s = (x: number) => 1 / (1 + Math.exp(-x));
	let theta = -5;
	for (let i = 0; i < 100; i++) {
		const [up, down] = [s(theta / 2 + 5), s(-theta / 2)];
		const slope = (lambda * up - (1 - lambda) * down) / 2;
		const curvature = (lambda * up * (1 - up) + (1 - lambda) * down * (1 - down)) / 4;
		theta -= Math.max(-1, Math.min(1, slope / curvature));
	}
	return theta;
}

describe("Table 1 against equations 30 to 33, to 1e-12", () => {
	const grid = Array.from({ length: 401 }, (_, i) => -30 + i / 8);

	it.each([
		["30", (theta: number) => problem.loss("preference", [theta]), closed.preferenceLoss],
		["31", (theta: number) => problem.loss("sft", [theta]), closed.sftLoss],
		["32", (theta: number) => problem.mixedGradient(1, [theta])[0]!, closed.preferenceGradient],
		["33", (theta: number) => problem.mixedGradient(0, [theta])[0]!, closed.sftGradient],
	])("equation %s", (_, measured, printed) => {
		for (const theta of grid) expect(Math.abs(measured(theta) - printed(theta))).toBeLessThan(1e-12);
	});

	it("does not fit the text's reference of −5", () => {
		expect(problem.withReference([-5]).loss("preference", [0])).not.toBeCloseTo(closed.preferenceLoss(0), 1);
	});
});

describe("constants of the proof", () => {
	it("at λ = ½", () => {
		expect(Math.abs(closed.c - Math.exp(5))).toBeLessThan(1e-12);
		expect(Math.abs(closed.mixedMinimiser(0.5) + 5)).toBeLessThan(1e-12);
		expect(closed.mixedLoss(0.5, -5)).toBeCloseTo(2.57888973429255, 14);
		expect(Math.exp(2 * closed.mixedLoss(0.5, -5))).toBeCloseTo(173.778147, 6);
	});

	it("gap at θ = 0 is 0.271042, not the text's 0.256843", () => {
		expect(closed.mixedGap(0.5, 0)).toBeCloseTo(0.271041530232, 11);
		expect(closed.mixedGap(0.5, -10)).toBeCloseTo(closed.mixedGap(0.5, 0), 12);
	});

	it.each(lambdas)(
		"minimiser at λ = %d: golden section, Newton, gradient descent and the closed form agree",
		(lambda) => {
			const theta = closed.mixedMinimiser(lambda);
			expect(goldenSection((x) => closed.mixedLoss(lambda, x), -60, 60)).toBeCloseTo(theta, 5);
			expect(newton(lambda)).toBeCloseTo(theta, 10);
			expect(minimise(problem, lambda, [0])[0]).toBeCloseTo(theta, 8);
			expect(Math.abs(problem.mixedGradient(lambda, [theta])[0]!)).toBeLessThan(1e-15);
		},
	);
});
