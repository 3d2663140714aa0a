import { describe, expect, it } from "vitest";
import { deltaM, increase } from "../../lib/eval/delta.js";

/** Table 3 of arXiv 2410.15483: MMLU ↑, HellaSwag ↑, SORRY-Bench ↓, XSTest ↑ for the trade-offs I, II and III. */
const table = {
	sequential: [
		[0.686, 0.601, 0.742, 0.9],
		[0.584, 0.602, 0.758, 0.912],
		[0.668, 0.612, 0.778, 0.884],
	],
	mix: [
		[0.725, 0.616, 0.269, 0.884],
		[0.725, 0.619, 0.279, 0.852],
		[0.747, 0.616, 0.331, 0.828],
	],
	alright: [
		[0.695, 0.619, 0.207, 0.884],
		[0.72, 0.617, 0.191, 0.832],
		[0.744, 0.618, 0.331, 0.816],
	],
	maxright: [
		[0.765, 0.617, 0.18, 0.84],
		[0.748, 0.616, 0.289, 0.82],
		[0.752, 0.617, 0.34, 0.808],
	],
};
const published = {
	mix: [0.175, 0.209, 0.159],
	alright: [0.187, 0.229, 0.155],
	maxright: [0.208, 0.205, 0.153],
};
const higherIsBetter = [true, true, false, true];

describe("deltaM", () => {
	for (const [method, expected] of Object.entries(published) as ["mix", number[]][]) {
		it(`reproduces the paper's column of ${method}`, () => {
			for (const [setting, value] of expected.entries()) {
				const measures = table[method][setting]!.map((measured, index) => ({
					value: measured,
					baseline: table.sequential[setting]![index]!,
					higherIsBetter: higherIsBetter[index]!,
				}));
				// Printed with three decimals, from unrounded measures.
				expect(Math.abs(deltaM(measures)! / 100 - value)).toBeLessThan(0.0006);
			}
		});
	}

	it("is zero for the baseline itself and null without measures", () => {
		expect(deltaM([{ value: 2, baseline: 2, higherIsBetter: false }])).toBe(0);
		expect(deltaM([])).toBeNull();
	});
});

it("increase is in percent of the baseline", () => {
	expect(increase(1.5, 1)).toBe(50);
	expect(increase(90, 100)).toBe(-10);
});
