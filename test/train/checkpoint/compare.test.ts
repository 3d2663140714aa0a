import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../lib/config/parse.js";
import type { RunConfig } from "../../../lib/config/schema.js";
import { changedKeys, compareRuns } from "../../../lib/train/checkpoint/compare.js";

const base = {
	model: { path: "model" },
	data: { preference: { path: "pairs.jsonl" }, sft: { path: "sft.jsonl" } },
	train: { steps: 10 },
};

function identity(change: object = {}, model = "m", sft = "s", reference: string | null = null) {
	const config: RunConfig = parseConfig({ ...base, ...change }, "test");
	return { config, model, data: { sft }, reference };
}

function compare(change: object, hasStages = false): string[] {
	return compareRuns(identity(), identity(change), hasStages);
}

describe("changedKeys", () => {
	it("names what differs, at the deepest level", () => {
		expect(changedKeys({ a: 1, b: { c: [1, 2], d: 0 } }, { a: 1, b: { c: [1, 3], d: 0, e: null } })).toEqual([
			"b.c",
			"b.e",
		]);
	});
});

describe("compareRuns", () => {
	it("accepts the same run, and what changes neither data nor arithmetic", () => {
		expect(compare({})).toEqual([]);
		expect(compare({ output: "elsewhere", checkpoint: { every: 1, keep: 9 } })).toEqual([]);
		expect(compare({ model: { path: "moved" } })).toEqual([]);
	});

	it("tells of keys that only change rounding", () => {
		const changed = compare({ threads: 3, train: { steps: 10, microBatchTokens: 128 } });
		expect(changed.sort()).toEqual(["threads", "train.microBatchTokens"]);
	});

	it.each([
		[{ seed: 1 }, "seed"],
		[{ strategy: { name: "alright", lambda: 0.1 } }, "strategy.lambda"],
		[{ train: { steps: 10, batch: { sft: 3 } } }, "train.batch.sft"],
		[{ train: { steps: 10, schedule: { warmup: 2 } } }, "train.schedule.warmup"],
		[{ train: { steps: 9 } }, "train.steps"],
		[{ data: { ...base.data, maxLength: 64 } }, "data.maxLength"],
	])("refuses %j", (change, key) => {
		expect(() => compare(change)).toThrow(expect.objectContaining({ code: "CONFIG" }));
		expect(() => compare(change)).toThrow(key);
	});

	it("refuses another model or other rows", () => {
		expect(() => compareRuns(identity(), identity({}, "other"), false)).toThrow(/the model's files/);
		expect(() => compareRuns(identity(), identity({}, "m", "other"), false)).toThrow(/the rows of data.sft/);
		expect(() => compareRuns(identity(), identity({}, "m", "s", "other"), false)).toThrow(
			/the reference policy's files/,
		);
	});

	it("lets a run grow only when nothing depends on its length", () => {
		const longer = (schedule: object) => ({ train: { steps: 20, schedule } });
		expect(compare(longer({}))).toEqual([]);
		const full = { adapter: { type: "none" } };
		expect(() => compareRuns(identity(full), identity({ ...full, ...longer({}) }), false)).toThrow(/train.steps/);
		expect(() => compare(longer({}), true)).toThrow(/train.steps/);
		const linear = { train: { steps: 10, schedule: { name: "linear" } } };
		const grow = () => compareRuns(identity(linear), identity(longer({ name: "linear" })), false);
		expect(grow).toThrow(/train.steps/);
	});
});
