import { beforeAll, describe, expect, it } from "vitest";
import { type Figure2Experiment, paper, runFigure2 } from "../../lib/toy/figure-2/run.js";

let experiments: Figure2Experiment[];
beforeAll(() => {
	experiments = runFigure2([1, 2, 3], { ...paper, lambdas: [0.25, 0.5, 0.75] }).experiments;
});

const find = (reading: string, order: string) =>
	experiments.find((experiment) => experiment.reading === reading && experiment.order === order)!;

/** Losses after Sequential's first stage and at its end. */
function stages({ paths, ends }: Figure2Experiment) {
	const { points } = paths[0]!;
	const half = points.find(({ step }) => step === 10_000)!;
	const [{ preferenceLoss, sftLoss }] = ends as [Figure2Experiment["ends"][0]];
	return { half, end: { preferenceLoss: preferenceLoss.mean, sftLoss: sftLoss.mean } };
}

const distance = ({ ends }: Figure2Experiment, method: string, lambda: number | null) =>
	ends.find((end) => end.method.startsWith(method) && end.lambda === lambda)!.idealDistance.mean;

describe("Table 2 with the rows of x₂ swapped: the objectives conflict", () => {
	it("preference first: SFT undoes the preferences", () => {
		const { half, end } = stages(find("x₂ swapped", "preference first"));
		expect(half.preferenceLoss).toBeLessThanOrEqual(0.05);
		expect(end.preferenceLoss).toBeGreaterThan(5);
		expect(end.sftLoss).toBeLessThan(0.06);
	});

	it("SFT first: the preference stage undoes SFT", () => {
		const { half, end } = stages(find("x₂ swapped", "SFT first"));
		expect(half.sftLoss).toBeLessThanOrEqual(0.05);
		expect(end.sftLoss).toBeGreaterThan(4 * half.sftLoss);
		expect(end.preferenceLoss).toBeLessThanOrEqual(0.05);
	});

	it.each(["Mix", "ALRIGHT", "MAXRIGHT"])("%s ends closer to the ideal point at λ = ½, in both orders", (method) => {
		const preferenceFirst = find("x₂ swapped", "preference first");
		expect(distance(preferenceFirst, method, 0.5)).toBeLessThan(0.1 * distance(preferenceFirst, "Sequential", null));
		const sftFirst = find("x₂ swapped", "SFT first");
		expect(distance(sftFirst, method, 0.5)).toBeLessThan(0.65 * distance(sftFirst, "Sequential", null));
	});

	it("more λ gives less DPO loss and more SFT loss", () => {
		for (const order of ["preference first", "SFT first"]) {
			for (const method of ["Mix", "ALRIGHT", "MAXRIGHT"]) {
				const ends = find("x₂ swapped", order).ends.filter((end) => end.method === method);
				expect(ends.map(({ lambda }) => lambda)).toEqual([0.25, 0.5, 0.75]);
				const preference = ends.map(({ preferenceLoss }) => preferenceLoss.mean);
				const sft = ends.map(({ sftLoss }) => sftLoss.mean);
				expect(preference).toEqual(preference.toSorted((a, b) => b - a));
				expect(sft).toEqual(sft.toSorted((a, b) => a - b));
			}
		}
	});
});

describe("Table 2 as printed: no conflict", () => {
	it("the second stage spoils nothing", () => {
		for (const order of ["preference first", "SFT first"]) {
			const { half, end } = stages(find("as printed", order));
			expect(end.preferenceLoss).toBeLessThanOrEqual(half.preferenceLoss);
			expect(end.sftLoss).toBeLessThanOrEqual(half.sftLoss);
			expect(distance(find("as printed", order), "Sequential", null)).toBeLessThan(0.06);
		}
	});
});

describe("reference policies", () => {
	it("preference first: SFT on the chosen response moves θ along its feature difference", () => {
		const [first, second] = find("x₂ swapped", "preference first").reference as [number, number];
		expect(first - 5).toBeCloseTo(second + 9.9, 12);
		expect(first).toBeCloseTo(8.125, 3);
		expect(find("as printed", "preference first").reference).toEqual([first, second]);
	});

	it("SFT first: the result of the SFT stage, so DPO starts its stage at ln 2", () => {
		for (const reading of ["as printed", "x₂ swapped"]) {
			const experiment = find(reading, "SFT first");
			const { half } = stages(experiment);
			expect(half.theta).toEqual(experiment.reference);
			expect(half.preferenceLoss).toBeCloseTo(Math.LN2, 14);
		}
	});
});

it("is the same for the same seeds", () => {
	const short = { ...paper, referenceSteps: 100, stageSteps: 300, lambdas: [0.3] };
	expect(runFigure2([4, 5], short)).toEqual(runFigure2([4, 5], short));
	expect(runFigure2([6, 7], short)).not.toEqual(runFigure2([4, 5], short));
});
