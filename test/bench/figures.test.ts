import { describe, expect, test } from "vitest";
import { OURS, OURS_CACHED, TRL, TRL_FAST } from "../../lib/bench/contenders.js";
import { barFigures, figuresOf } from "../../lib/bench/figures.js";
import { dpo } from "../../lib/bench/trials/dpo.js";
import { strategies } from "../../lib/bench/trials/strategies.js";
import { measurement, result } from "./results.js";

const work = { tokens: 200, referenceFlops: 1e9, trainFlops: 2e9 };

/** The machine is at half speed in the second round; ratios within a round do not see it. */
const rounds = [1, 0.5, 1].map((pace) => ({
	[TRL]: measurement(0.4 * pace, { peakBytes: 8e9 }),
	[TRL_FAST]: measurement(0.5 * pace, { peakBytes: 7e9 }),
	[OURS]: measurement(8 * pace, { work, peakBytes: 1e9 }),
	[OURS_CACHED]: measurement(10 * pace, { work, peakBytes: 1e9 }),
}));
const found = result("dpo", rounds, { productFlops: [1e11, 0.5e11, 1e11] });

describe("figuresOf", () => {
	const figures = new Map(figuresOf(dpo, found).map((row) => [row.name, row]));

	test("leaves out contenders that did not take part", () => {
		expect([...figures.keys()]).toEqual([TRL, TRL_FAST, OURS, OURS_CACHED]);
	});

	test("takes ratios within a round", () => {
		expect(figures.get(OURS)).toMatchObject({ rowsPerSecond: 8, speed: 20, memory: 1 / 8 });
		expect(figures.get(TRL)).toMatchObject({ rowsPerSecond: 0.4, speed: 1, memory: 1 });
	});

	test("counts the same work for every contender, and the reference only where it is computed in the step", () => {
		expect(figures.get(OURS)!.teraflops).toBeCloseTo((8 * 3e9) / 1e12, 10);
		expect(figures.get(OURS_CACHED)!.teraflops).toBeCloseTo((10 * 2e9) / 1e12, 10);
		expect(figures.get(TRL)!.teraflops).toBeCloseTo((0.4 * 3e9) / 1e12, 10);
		expect(figures.get(TRL)!.tokensPerSecond).toBeCloseTo(80, 10);
	});

	test("gives the share of the product rate of the same round", () => {
		expect(figures.get(OURS)!.share).toBeCloseTo((8 * 3e9) / 1e11, 10);
		expect(figuresOf(dpo, { ...found, productFlops: [] })[0]!.share).toBeNull();
	});
});

describe("barFigures", () => {
	test("are medians over the rounds, and reached or not", () => {
		const bars = barFigures(dpo, found);
		expect(bars.map(({ value }) => value)).toEqual([20, 20, 1 / 8]);
		expect(bars.map(({ reached }) => reached)).toEqual([true, true, true]);
		const slower = rounds.map((round) => ({ ...round, [OURS]: measurement(1) }));
		expect(barFigures(dpo, { ...found, rounds: slower })[0]).toMatchObject({ reached: false });
	});

	test("are not measured without the peer", () => {
		const alone = rounds.map((round) => ({ [OURS]: round[OURS]! }));
		expect(barFigures(dpo, { ...found, rounds: alone })[0]).toMatchObject({ value: null, reached: null });
	});

	test("strategies pay for what they do beyond Sequential's batches", () => {
		const sequential = { preferenceBatches: 10, preferenceSeconds: 20, sftBatches: 10, sftSeconds: 10, seconds: 30 };
		const round = {
			sequential: measurement(1, { detail: sequential }),
			alright: measurement(1, { detail: { preferenceBatches: 4, sftBatches: 16, seconds: 24.24 } }),
			mix: measurement(1, { detail: { preferenceBatches: 20, sftBatches: 20, seconds: 54 } }),
		};
		const [alright, maxright, mix] = barFigures(strategies, result("strategies", [round]));
		expect(alright!.value).toBeCloseTo(1.01, 10);
		expect(maxright!.value).toBeNull();
		expect(mix!.value).toBeCloseTo(0.9, 10);
	});
});
