import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keepSequences, microBatches, packedTokens, packRows, rowKeys, sequenceCount } from "../../lib/data/pack.js";
import type { PreferenceRow, SftRow } from "../../lib/data/types.js";

const ids = (...values: number[]) => Int32Array.from(values);
const table = (segments: Int32Array) =>
	Array.from({ length: segments.length / 5 }, (_, index) => [...segments.subarray(index * 5, index * 5 + 5)]);

const pair = (prompt: number[], chosen: number[], rejected: number[]): PreferenceRow => ({
	prompt: ids(...prompt),
	chosen: ids(...chosen),
	rejected: ids(...rejected),
});

describe("packRows", () => {
	test("a pair is prompt, chosen → prompt, rejected → prompt", () => {
		const packed = packRows("preference", [pair([1, 2], [3, 4, 5], [6]), pair([7], [8], [9, 10])]);
		expect([...packed.ids]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
		expect(table(packed.segments)).toEqual([
			[0, 2, -1, 0, 0],
			[2, 3, 0, 1, 2],
			[5, 1, 0, 1, 5],
			[6, 1, -1, 0, 6],
			[7, 1, 3, 1, 7],
			[8, 2, 3, 1, 8],
		]);
	});

	test("an SFT row is prompt, response → prompt", () => {
		const packed = packRows("sft", [{ prompt: ids(1, 2), response: ids(3) }], [100]);
		expect(table(packed.segments)).toEqual([
			[0, 2, -1, 0, 100],
			[2, 1, 0, 1, 102],
		]);
	});

	test("an empty prompt leaves only the responses", () => {
		const packed = packRows("preference", [pair([], [1, 2], [3]), pair([4], [5], [6])]);
		expect(table(packed.segments)).toEqual([
			[0, 2, -1, 1, 0],
			[2, 1, -1, 1, 2],
			[3, 1, -1, 0, 3],
			[4, 1, 2, 1, 4],
			[5, 1, 2, 1, 5],
		]);
	});

	test("no rows give an empty batch", () => {
		expect(packRows("sft", [])).toEqual({ ids: new Int32Array(0), segments: new Int32Array(0) });
	});
});

describe("keepSequences", () => {
	const rows = [pair([1, 2], [3, 4, 5], [6]), pair([], [7], [8, 9]), pair([10], [11], [12])];
	const packed = packRows("preference", rows);

	test("leaves the batch of the sequences kept, with their keys", () => {
		const chosen = keepSequences(packed, (sequence) => sequence % 2 === 0);
		const alone = packRows(
			"sft",
			rows.map(({ prompt, chosen: response }) => ({ prompt, response })),
			[0, 6, 9],
		);
		expect(chosen).toEqual(alone);
		expect(keepSequences(packed, () => true)).toEqual(packed);
	});

	test("sequences are counted", () => {
		expect(sequenceCount(packed)).toBe(6);
		expect(sequenceCount(keepSequences(packed, (sequence) => sequence === 3))).toBe(1);
	});
});

const tokens = fc.array(fc.nat(1000), { maxLength: 6 }).map((values) => Int32Array.from(values));
const some = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }).map((values) => Int32Array.from(values));
const sftRow: fc.Arbitrary<SftRow> = fc.record({ prompt: tokens, response: some });
const preferenceRow: fc.Arbitrary<PreferenceRow> = fc.record({ prompt: tokens, chosen: some, rejected: some });

describe("packing properties", () => {
	test("segments tile the ids, and each response reads back behind its own prompt", () => {
		fc.assert(
			fc.property(fc.array(preferenceRow, { maxLength: 6 }), (rows) => {
				const packed = packRows("preference", rows);
				const segments = table(packed.segments);
				let end = 0;
				const sequences: number[][] = [];
				for (const [start, length, prefix, scored] of segments as [number, number, number, number][]) {
					expect(start).toBe(end);
					end += length;
					const own = [...packed.ids.subarray(start, start + length)];
					const [before = 0, count = 0] = prefix < 0 ? [] : segments[prefix]!;
					if (scored) sequences.push([...packed.ids.subarray(before, before + count), ...own]);
				}
				expect(end).toBe(packed.ids.length);
				const expected = rows.flatMap((row) => [
					[...row.prompt, ...row.chosen],
					[...row.prompt, ...row.rejected],
				]);
				expect(sequences).toEqual(expected);
			}),
		);
	});

	test("keys do not depend on the micro-batch split", () => {
		fc.assert(
			fc.property(fc.array(sftRow, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (rows, budget) => {
				const sizes = rows.map((row) => packedTokens("sft", row));
				const keys = rowKeys(sizes);
				const keyed = (packed: { ids: Int32Array; segments: Int32Array }) =>
					table(packed.segments).map(([start = 0, length = 0, , , key]) => [
						key,
						...packed.ids.subarray(start, start + length),
					]);
				const split = microBatches(sizes, budget).flatMap((group) =>
					keyed(
						packRows(
							"sft",
							group.map((row) => rows[row]!),
							group.map((row) => keys[row]!),
						),
					),
				);
				expect(split).toEqual(keyed(packRows("sft", rows)));
			}),
		);
	});
});

describe("microBatches", () => {
	test("keeps the order, the budget and every row", () => {
		const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
		fc.assert(
			fc.property(sizes, fc.integer({ min: 1, max: 60 }), (sizes, budget) => {
				const groups = microBatches(sizes, budget);
				expect(groups.flat()).toEqual([...sizes.keys()]);
				for (const group of groups) {
					expect(group.length).toBeGreaterThan(0);
					const total = group.reduce((sum, row) => sum + sizes[row]!, 0);
					expect(total <= budget || group.length === 1).toBe(true);
				}
			}),
		);
	});

	test("as few as the budget allows, then as even as the order allows", () => {
		expect(microBatches([1, 6, 1, 1], 8)).toEqual([[0, 1], [2, 3]]);
		expect(microBatches([4, 4, 1], 8)).toEqual([[0], [1, 2]]);
		expect(microBatches([], 8)).toEqual([]);
	});

	test("a row above the budget is alone", () => {
		expect(microBatches([3, 50, 3, 3], 10)).toEqual([[0], [1], [2, 3]]);
	});
});
