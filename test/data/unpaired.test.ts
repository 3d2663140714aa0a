import { describe, expect, test } from "vitest";
import { loadDataset } from "../../lib/data/dataset.js";
import { temporaryFolder, tinyTokenizer, writeRows } from "./support.js";

const tokenizer = tinyTokenizer();

async function unpaired(rows: object[], maxLength = 512) {
	const context = { tokenizer, maxLength, maxBadRows: 0.01, cacheDir: temporaryFolder() };
	const data = await loadDataset("unpaired", { path: writeRows(rows), format: "auto" }, context);
	expect(data).toMatchObject({ kind: "unpaired", objective: "preference" });
	const read = Array.from({ length: data.length }, (_, index) => {
		return { source: data.sourceIndex(index), row: data.row(index) };
	});
	data.close();
	return read;
}

describe("unpaired rows", () => {
	const text = async (response: Int32Array) => (await tokenizer.decode(response)).replace("<|im_end|>", "");

	test("keep their label, and take the response of the row before as the mismatched one", async () => {
		const rows = Array.from({ length: 300 }, (_, index) => ({
			prompt: `row ${index}:`,
			completion: index === 2 ? "" : ` answer ${index * 7}`,
			label: index % 3 === 0,
		}));
		const kept = rows.filter(({ completion }) => completion !== "");
		const read = await unpaired(rows);
		expect(read).toHaveLength(299);
		for (const [index, { row }] of read.entries()) {
			// The first takes the last one's of the first 256 rows of the file.
			const before = kept[index > 0 ? index - 1 : 254]!;
			expect(row.desirable).toBe(kept[index]!.label);
			expect(await text(row.response)).toBe(kept[index]!.completion);
			expect(await text(row.mismatched)).toBe(before.completion);
		}
	});

	test("are made of pairs: a desirable and an undesirable one of each, mismatched with the pair before", async () => {
		const rows = [1, 2, 3].map((n) => ({ prompt: `${n}?`, chosen: ` yes ${n}`, rejected: ` no ${n}` }));
		const read = await Promise.all(
			(await unpaired(rows)).map(async ({ source, row }) => {
				return [source, row.desirable, await text(row.response), await text(row.mismatched)];
			}),
		);
		expect(read).toEqual([
			[0, true, " yes 1", " yes 3"],
			[0, false, " no 1", " no 3"],
			[1, true, " yes 2", " yes 1"],
			[1, false, " no 2", " no 1"],
			[2, true, " yes 3", " yes 2"],
			[2, false, " no 3", " no 2"],
		]);
	});

	test("cut the mismatched response to the room behind the prompt", async () => {
		const rows = [
			{ prompt: "a", completion: " one two three four five six seven eight nine ten", label: true },
			{ prompt: "a much longer prompt, which leaves little room", completion: " no", label: false },
		];
		const [, second] = await unpaired(rows, 24);
		expect(second!.row.prompt.length + second!.row.mismatched.length).toBe(24);
	});
});
