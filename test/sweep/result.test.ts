import { describe, expect, it } from "vitest";
import type { Inspection } from "../../lib/sweep/inspect.js";
import { noMeasures } from "../../lib/sweep/measures.js";
import { sweepResult } from "../../lib/sweep/result.js";
import { sweepMarkdown, sweepTable } from "../../lib/sweep/table.js";
import { meanTrajectory } from "../../lib/sweep/trajectory.js";
import type { PointRecord } from "../../lib/sweep/types.js";
import type { RunSummary } from "../../lib/train/events.js";

const inspection = {
	points: [{ config: { optima: { preference: null, sft: null }, model: { path: "m" } } }],
	found: { fingerprint: "f" },
	data: { sft: "k" },
} as unknown as Inspection;

function point(label: string, lambda: number | null, seed: number, rest: Partial<PointRecord>): PointRecord {
	const name = `${label}-${lambda}-${seed}`;
	const common = { name, label, strategy: label.split("-")[0]!, lambda, seed, error: null, folder: name };
	return { ...common, status: "completed", ...noMeasures, ...rest };
}

const points = [
	point("alright", 0.5, 1, { dpo: 0.5, sft: 2, seconds: 11, peak_memory_bytes: 2e9, "dpo/rewards/accuracies": 0.6 }),
	point("alright", 0.5, 2, { dpo: 0.7, sft: 1, seconds: 11, peak_memory_bytes: 2e9, "dpo/rewards/accuracies": 0.6 }),
	point("sequential-preference-sft", null, 1, { dpo: 0.8, sft: 2, seconds: 10, peak_memory_bytes: 1e9 }),
	point("sequential-preference-sft", null, 2, { dpo: 0.8, sft: 2, seconds: 10, peak_memory_bytes: 1e9 }),
	point("sequential", null, 1, { dpo: 0.1, sft: 9, seconds: 99, peak_memory_bytes: 1e9 }),
	point("mix", 0.5, 1, { status: "failed", error: { code: "NON_FINITE", message: "not finite" } }),
];

describe("sweepResult", () => {
	it("takes estimated optima from the runs that made them", () => {
		const estimated = structuredClone(inspection);
		Object.assign(estimated.points[0]!.config, { optima: "estimate" });
		const optimum = { training: 0.4, heldOut: 0.5, source: "configuration" };
		const summaries = [{ optima: {} }, { optima: { preference: optimum } }] as unknown as RunSummary[];
		expect(sweepResult(points, estimated, summaries).optima).toEqual({ preference: 0.5, sft: null });
		expect(sweepResult(points, inspection, summaries).optima).toEqual({ preference: null, sft: null });
	});

	const result = sweepResult(points, inspection, []);
	const group = (label: string) => result.groups.find((each) => each.label === label)!;

	it("averages completed runs over the seeds", () => {
		expect(result.groups.map(({ label, seeds }) => [label, seeds])).toEqual([
			["alright", [1, 2]],
			["sequential-preference-sft", [1, 2]],
			["sequential", [1]],
		]);
		expect(group("alright").mean).toMatchObject({ dpo: 0.6, sft: 1.5 });
		expect(group("alright").deviation.sft).toBeCloseTo(Math.SQRT1_2, 12);
		expect(group("sequential").deviation.dpo).toBeNull();
	});

	it("compares with the first sequential strategy, over the measures that both have", () => {
		expect(result.baseline).toBe("sequential-preference-sft");
		const versus = group("alright").versus_baseline!;
		expect(versus).toMatchObject({ memory_percent: 100, gpu_utilization_percent: null });
		expect(versus.runtime_percent).toBeCloseTo(10, 12);
		expect(versus.delta_m_measures).toEqual(["dpo", "sft"]);
		expect(versus.delta_m_percent).toBeCloseTo((25 + 25) / 2, 12);
		expect(sweepResult(points.slice(0, 2), inspection, []).groups[0]!.versus_baseline).toBeNull();
	});

	it("has the non-dominated runs in its front", () => {
		expect(result.front.map(({ name }) => name)).toEqual(["sequential-null-1", "alright-0.5-1", "alright-0.5-2"]);
	});

	it("says how far the sweep is", () => {
		expect(result.status).toBe("failed");
		expect(sweepResult(points.slice(0, 5), inspection, []).status).toBe("completed");
		const pending = point("mix", 0.5, 2, { status: "pending" });
		expect(sweepResult([...points, pending], inspection, []).status).toBe("interrupted");
	});
});

describe("the table", () => {
	const result = sweepResult(points, inspection, []);

	it("has a row for each group, with spread and change against the baseline", () => {
		const [header, alright, first, last] = sweepTable(result);
		const cell = (row: string[] | undefined, column: string) => row![header!.indexOf(column)];
		expect(cell(alright, "DPO loss")).toBe("0.6000 ± 0.1414");
		expect(cell(alright, "runtime")).toBe("+10.0 %");
		expect(cell(alright, "Δm")).toBe("+25.0 %");
		expect(cell(alright, "memory")).toBe("2.00 GB");
		expect(cell(first, "runtime")).toBe("+0.0 %");
		expect(cell(last, "DPO loss")).toBe("0.1000");
		expect(cell(last, "DPO gap")).toBe("–");
	});

	it("in Markdown also says what is missing and what Δm is over", () => {
		const text = sweepMarkdown(result);
		expect(text).toContain("- mix-0.5-1: failed: not finite");
		expect(text).toContain("relative to sequential-preference-sft; Δm is over dpo, sft.");
	});
});

it("a mean trajectory has the steps at which every run was evaluated", () => {
	const run = (...values: [number, number][]) => values.map(([step, dpo]) => ({ step, dpo, sft: 2 * dpo }));
	expect(meanTrajectory([run([0, 1], [5, 3], [10, 5]), run([0, 3], [10, 7])])).toEqual(run([0, 2], [10, 6]));
	expect(meanTrajectory([])).toEqual([]);
});
