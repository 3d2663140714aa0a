import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preferenceRow, sigmoid, softplus, supervisedRow } from "../../lib/toy/rows.js";
import type { Row, Vector } from "../../lib/toy/types.js";

const number = fc.double({ min: -3, max: 3, noNaN: true });
const vector = fc.tuple(number, number);

/** log π_θ(responses[0]) of a softmax over all responses. */
function logProbability(theta: Vector, responses: readonly Vector[]): number {
	const logits = responses.map((phi) => phi.reduce((sum, value, i) => sum + value * theta[i]!, 0));
	return logits[0]! - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
}

/** Central differences at two widths, extrapolated to width 0 (Richardson): error of order h⁴. */
function numericGradient(loss: (theta: Vector) => number, theta: Vector): number[] {
	const slope = (i: number, h: number) => {
		const at = (sign: number) => loss(theta.map((value, j) => (i === j ? value + sign * h : value)));
		return (at(1) - at(-1)) / (2 * h);
	};
	return theta.map((_, i) => (4 * slope(i, 5e-3) - slope(i, 1e-2)) / 3);
}

function expectGradient(row: Row, theta: Vector): void {
	const gradient = [1, -2];
	expect(row.addGradient(theta, 3, gradient)).toBeCloseTo(row.loss(theta), 14);
	const numeric = numericGradient(row.loss, theta);
	expect((gradient[0]! - 1) / 3).toBeCloseTo(numeric[0]!, 7);
	expect((gradient[1]! + 2) / 3).toBeCloseTo(numeric[1]!, 7);
	expect(Math.hypot(...numeric)).toBeLessThanOrEqual(row.gradientBound + 1e-7);
}

describe("preferenceRow", () => {
	it("is the DPO loss of softmax policies, whatever other responses there are", () => {
		fc.assert(
			fc.property(vector, vector, vector, vector, vector, (theta, reference, chosen, rejected, third) => {
				const ratio = (first: Vector, second: Vector) =>
					logProbability(theta, [first, second, third]) - logProbability(reference, [first, second, third]);
				const margin = 0.3 * (ratio(chosen, rejected) - ratio(rejected, chosen));
				const row = preferenceRow({ chosen, rejected }, reference, 0.3);
				expect(row.loss(theta)).toBeCloseTo(-Math.log(1 / (1 + Math.exp(-margin))), 11);
			}),
		);
	});

	it("has the gradient of its loss, within its bound", () => {
		fc.assert(
			fc.property(vector, vector, vector, vector, (theta, reference, chosen, rejected) => {
				expectGradient(preferenceRow({ chosen, rejected }, reference, 0.7), theta);
			}),
		);
	});

	it("is ln 2 at the reference", () => {
		expect(preferenceRow({ chosen: [1, 2], rejected: [3, 1] }, [5, 7], 1).loss([5, 7])).toBeCloseTo(Math.LN2, 15);
	});
});

describe("supervisedRow", () => {
	it("is the negative log-probability of a softmax policy", () => {
		fc.assert(
			fc.property(vector, vector, fc.array(vector, { minLength: 1, maxLength: 4 }), (theta, target, others) => {
				const row = supervisedRow({ target, others });
				expect(row.loss(theta)).toBeCloseTo(-logProbability(theta, [target, ...others]), 11);
			}),
		);
	});

	it("has the gradient of its loss, within its bound", () => {
		fc.assert(
			fc.property(vector, vector, fc.array(vector, { minLength: 1, maxLength: 4 }), (theta, target, others) => {
				expectGradient(supervisedRow({ target, others }), theta);
			}),
		);
	});
});

describe("extreme values", () => {
	it.each([1e4, -1e4])("stay finite and exact at θ = %d", (theta) => {
		const rows = [
			preferenceRow({ chosen: [-1], rejected: [-0.5] }, [-10], 1),
			supervisedRow({ target: [1], others: [[0.5]] }),
		];
		for (const row of rows) {
			const gradient = [0];
			const loss = row.addGradient([theta], 1, gradient);
			expect(loss).toBeGreaterThanOrEqual(0);
			expect(loss).toBeLessThan(1e4);
			expect(Math.abs(gradient[0]!)).toBeLessThanOrEqual(0.5);
		}
	});

	it("keep tiny losses apart from 0", () => {
		expect(softplus(-100)).toBeCloseTo(Math.exp(-100), 60);
		expect(softplus(-100)).toBeGreaterThan(0);
		expect(sigmoid(-700)).toBeGreaterThan(0);
		expect(supervisedRow({ target: [1], others: [[0.5]] }).loss([200])).toBeGreaterThan(0);
	});
});
