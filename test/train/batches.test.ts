import { describe, expect, it } from "vitest";
import { packedTokens } from "../../lib/data/pack.js";
import type { Dataset, SftRow } from "../../lib/data/types.js";
import { allRows, packMicroBatches, streamMicroBatches } from "../../lib/train/batches.js";
import { ReferenceLogps } from "../../lib/train/reference/logps.js";
import { OwnReference } from "../../lib/train/reference/policy.js";

const row = (prompt: number, response: number): SftRow => ({
	prompt: new Int32Array(prompt).fill(1),
	response: new Int32Array(response).fill(2),
});

function dataset<O extends "sft" | "preference">(objective: O, rows: unknown[]): Dataset {
	const at = (index: number) => rows[index] as never;
	return {
		kind: objective,
		objective,
		length: rows.length,
		key: "test",
		report: {} as Dataset["report"],
		row: at,
		sourceIndex: (index) => index,
		tokens: (index) => packedTokens(objective, at(index)),
		close() {},
	};
}

describe("packMicroBatches", () => {
	const data = dataset("sft", [row(2, 3), row(0, 4), row(1, 6)]);

	it("splits by tokens and counts scored tokens", () => {
		const batches = packMicroBatches(data, [0, 1, 2], 9);
		expect(batches.map(({ rows, tokens, count }) => ({ rows, tokens, count }))).toEqual([
			// Without a prompt the first token of a row is predicted by nothing.
			{ rows: [0, 1], tokens: 9, count: 6 },
			{ rows: [2], tokens: 7, count: 6 },
		]);
	});

	it("keys every token by its place in the step, whatever the split", () => {
		const keys = (budget: number) =>
			packMicroBatches(data, [2, 0, 1], budget, 100).flatMap(({ batch }) => {
				return Array.from({ length: batch.segments.length / 5 }, (_, segment) => batch.segments[segment * 5 + 4]);
			});
		expect(keys(1)).toEqual(keys(1000));
		expect(keys(1)[0]).toBe(100);
	});

	it("counts pairs for the preference objective", () => {
		const pair = { prompt: new Int32Array(2), chosen: new Int32Array(3), rejected: new Int32Array(1) };
		const [batch] = packMicroBatches(dataset("preference", [pair, pair]), [0, 1], 100);
		expect(batch).toMatchObject({ tokens: 12, count: 2 });
	});
});

describe("streamMicroBatches", () => {
	it("goes through all rows in order", () => {
		const data = dataset(
			"sft",
			Array.from({ length: 1200 }, () => row(1, 1)),
		);
		const rows = [...streamMicroBatches(data, allRows(1200), 100)].flatMap((batch) => batch.rows);
		expect(rows).toEqual(allRows(1200));
	});
});

describe("reference log-probs", () => {
	const pair = (size: number) => ({
		prompt: new Int32Array(1),
		chosen: new Int32Array(size),
		rejected: new Int32Array(1),
	});
	const data = dataset("preference", [pair(1), pair(2), pair(3)]);
	/** Scores each sequence as its length, and says what it was asked. */
	function scorer() {
		const asked: string[] = [];
		const session = {
			asked,
			async score(batch: { segments: Int32Array }, policy: string) {
				asked.push(policy);
				const logps: number[] = [];
				for (let s = 0; s < batch.segments.length; s += 5) {
					if (batch.segments[s + 3] === 1) logps.push(-(batch.segments[s + 1] as number) - asked.length / 100);
				}
				return { logps: Float64Array.from(logps), counts: new Int32Array(logps.length) };
			},
		};
		return session as typeof session & ConstructorParameters<typeof OwnReference>[0];
	}

	it("are computed once a row and kept", async () => {
		const session = scorer();
		const policy = new OwnReference(session, true);
		const logps = new ReferenceLogps(data);
		const [first] = packMicroBatches(data, [2, 0], 100);
		await policy.fill(logps, first!);
		expect([...logps.of([0, 2])]).toEqual([-1.01, -1.01, -3.01, -1.01]);
		await policy.fill(logps, first!);
		expect(session.asked).toEqual(["reference"]);
		const [mixed] = packMicroBatches(data, [0, 1], 100);
		await policy.fill(logps, mixed!);
		expect([...logps.of([0, 1])]).toEqual([-1.01, -1.01, -2.02, -1.02]);
	});

	it("come from the current policy when no copy of the reference is kept", async () => {
		const session = scorer();
		const logps = new ReferenceLogps(data);
		const policy = new OwnReference(session, false);
		for (const microBatch of packMicroBatches(data, [0, 1, 2], 5)) await policy.fill(logps, microBatch);
		expect(new Set(session.asked)).toEqual(new Set(["current"]));
		expect([0, 1, 2].every((index) => logps.has(index))).toBe(true);
		logps.clear();
		expect(logps.has(0)).toBe(false);
	});
});
