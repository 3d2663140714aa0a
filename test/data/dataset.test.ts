import { appendFileSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DataSpec, type LoadContext, loadDataset } from "../../lib/data/dataset.js";
import type { Dataset, RowKind } from "../../lib/data/types.js";
import { fixture, temporaryFolder, tinyTokenizer, writeFile, writeRows } from "./support.js";

const tokenizer = tinyTokenizer();

function context(change: Partial<LoadContext> = {}): LoadContext {
	return { tokenizer, maxLength: 512, maxBadRows: 0.01, cacheDir: temporaryFolder(), ...change };
}

const spec = (path: string, change: Partial<DataSpec> = {}): DataSpec => ({ path, format: "auto", ...change });

function allRows<K extends RowKind>(data: Dataset<K>) {
	const rows = Array.from({ length: data.length }, (_, index) => ({
		source: data.sourceIndex(index),
		row: data.row(index),
	}));
	data.close();
	return rows;
}

const numbered = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ prompt: `row ${index}:`, completion: ` answer ${index * 7}` }));

describe("loadDataset", () => {
	test("rows come in the file's order, with their tokens", async () => {
		const rows = numbered(600);
		const data = await loadDataset("sft", spec(writeRows(rows)), context());
		expect(data.length).toBe(600);
		for (const index of [0, 255, 256, 599]) {
			const { prompt, response } = data.row(index);
			expect(await tokenizer.decode(prompt)).toBe(rows[index]!.prompt);
			expect(await tokenizer.decode(response)).toBe(`${rows[index]!.completion}<|im_end|>`);
			expect(data.tokens(index)).toBe(prompt.length + response.length);
			expect(data.sourceIndex(index)).toBe(index);
		}
		const total = allRows(data).reduce((sum, { row }) => sum + row.prompt.length + row.response.length, 0);
		const { report } = data;
		expect(report).toMatchObject({ format: "prompt-completion", read: 600, kept: 600, dropped: {}, truncated: 0 });
		expect(report.tokens.prompt + report.tokens.response).toBe(total);
	});

	test("real hh-rlhf rows: bad ones are counted with their lines", async () => {
		const messages: string[] = [];
		const onMessage = (_: string, message: string) => messages.push(message);
		const file = fixture("hh/quirks.jsonl");
		const data = await loadDataset("preference", spec(file), context({ maxBadRows: 3, onMessage }));
		expect(data.report).toMatchObject({
			format: "implicit-prompt",
			read: 5,
			kept: 2,
			dropped: { "empty rejected": 2, "identical chosen and rejected": 1 },
			examples: [`${file}:3: empty rejected`, `${file}:4: empty rejected`, `${file}:5: identical chosen and rejected`],
		});
		expect(messages).toEqual([`${file}: format implicit-prompt, because rows have chosen and rejected.`]);
		const [first] = allRows(data);
		expect(await tokenizer.decode(first!.row.prompt)).toMatch(/\n\nAssistant:$/);
	});

	test("reports progress up to the whole file", async () => {
		const path = writeRows(numbered(10));
		const seen: [number, number][] = [];
		const onProgress = (done: number, total: number) => seen.push([done, total]);
		(await loadDataset("sft", spec(path), context({ onProgress }))).close();
		const { size } = statSync(path);
		expect(seen.at(-1)).toEqual([size, size]);
	});

	test("limit takes the first rows", async () => {
		const data = await loadDataset("sft", spec(writeRows(numbered(20)), { limit: 7 }), context());
		expect(allRows(data).map(({ source }) => source)).toEqual([0, 1, 2, 3, 4, 5, 6]);
	});

	test("rows that lose their answer are dropped but are not bad", async () => {
		const rows = [
			{ prompt: "word ".repeat(80), completion: "a" },
			{ prompt: "b", completion: "c" },
		];
		const data = await loadDataset("sft", spec(writeRows(rows)), context({ maxLength: 16 }));
		expect(data.report.dropped).toEqual({ "response lost to maxLength": 1 });
		expect(data.report.examples).toEqual([]);
		expect(allRows(data).map(({ source }) => source)).toEqual([1]);
	});

	test("rows that a format leaves out are counted but are not bad", async () => {
		const answers = { prompt: "a", response_0: "b", response_1: "c", is_response_0_safe: true };
		const rows = [true, true, false].map((is_response_1_safe) => ({ ...answers, is_response_1_safe }));
		const data = await loadDataset("preference", spec(writeRows(rows)), context({ maxBadRows: 0 }));
		expect(data.report).toMatchObject({ kept: 1, dropped: { "equal safety labels": 2 }, examples: [] });
		expect(allRows(data).map(({ source }) => source)).toEqual([2]);
	});

	test("a closed data set and rows beyond the end are errors", async () => {
		const data = await loadDataset("sft", spec(writeRows(numbered(3))), context());
		expect(() => data.row(3)).toThrow("row 3 of 3");
		expect(() => data.row(-1)).toThrow("row -1 of 3");
		data.close();
		data.close();
		expect(() => data.row(0)).toThrow("closed");
	});

	test("an aborted signal stops the reading", async () => {
		const cacheDir = temporaryFolder();
		const signal = AbortSignal.abort();
		const loading = loadDataset("sft", spec(writeRows(numbered(3))), context({ cacheDir, signal }));
		await expect(loading).rejects.toMatchObject({ code: "ABORTED" });
		expect(readdirSync(join(cacheDir, "tokens"))).toEqual([]);
	});
});

describe("maxBadRows", () => {
	const good = numbered(98);
	const bad = ['{"prompt": "a"}', "not json"];
	const path = () => writeFile("rows.jsonl", `${[...good.map((row) => JSON.stringify(row)), ...bad].join("\n")}\n`);

	test("up to the share, rows are skipped", async () => {
		const data = await loadDataset("sft", spec(path()), context({ maxBadRows: 0.02 }));
		expect(data.report).toMatchObject({ kept: 98, dropped: { "missing completion": 1, "invalid JSON": 1 } });
		data.close();
	});

	test.each([0, 0.019, 0.01])("above it (%d) the counts and lines are named", async (maxBadRows) => {
		const file = path();
		await expect(loadDataset("sft", spec(file), context({ maxBadRows }))).rejects.toMatchObject({
			code: "DATA",
			exitCode: 2,
			message: expect.stringMatching(/2 of 100 rows are unusable.*1 × missing completion, 1 × invalid JSON/),
		});
		await expect(loadDataset("sft", spec(file), context({ maxBadRows }))).rejects.toThrow(
			`${file}:99: missing completion`,
		);
	});

	test("a number above 1 counts rows", async () => {
		(await loadDataset("sft", spec(path()), context({ maxBadRows: 2 }))).close();
		const rows = writeFile("rows.jsonl", [JSON.stringify(good[0]), ...bad, "x"].join("\n"));
		await expect(
			loadDataset("sft", spec(rows, { format: "prompt-completion" }), context({ maxBadRows: 2 })),
		).rejects.toThrow("3 of 4 rows are unusable");
	});

	test("the limit also holds for rows that are already cached", async () => {
		const file = path();
		const cacheDir = temporaryFolder();
		(await loadDataset("sft", spec(file), context({ cacheDir, maxBadRows: 0.5 }))).close();
		await expect(loadDataset("sft", spec(file), context({ cacheDir, maxBadRows: 0 }))).rejects.toMatchObject({
			code: "DATA",
		});
	});

	test("no row left is an error", async () => {
		await expect(loadDataset("sft", spec(writeFile("a.jsonl", "")), context())).rejects.toMatchObject({ code: "DATA" });
		const lost = writeRows([{ prompt: "word ".repeat(80), completion: "a" }]);
		await expect(loadDataset("sft", spec(lost), context({ maxLength: 8 }))).rejects.toThrow(
			/no row is left.*lost to maxLength/,
		);
		const scalars = writeFile("b.jsonl", "1\n2\n");
		await expect(loadDataset("sft", spec(scalars), context())).rejects.toThrow("no row could be read");
	});
});

describe("the cache", () => {
	const cached = (cacheDir: string) => readdirSync(join(cacheDir, "tokens"));

	test("is used again, and gives the same rows", async () => {
		const file = writeRows(numbered(50));
		const cacheDir = temporaryFolder();
		const first = allRows(await loadDataset("sft", spec(file), context({ cacheDir })));
		const meta = join(cacheDir, "tokens", cached(cacheDir)[0]!, "meta.json");
		utimesSync(meta, 1, 1);
		const second = await loadDataset("sft", spec(file), context({ cacheDir }));
		expect(allRows(second)).toEqual(first);
		expect(second.report.read).toBe(50);
		expect(statSync(meta).mtimeMs).toBe(1000);
	});

	test("has its own place for everything that rows depend on", async () => {
		const file = writeRows(numbered(30));
		const other = writeRows([...numbered(29), { prompt: "row 29:", completion: " another" }]);
		const pairs = [{ prompt: "a", completion: "b", chosen: "c", rejected: "d" }];
		const cacheDir = temporaryFolder();
		const key = async (change: Partial<DataSpec> = {}, load: Partial<LoadContext> = {}) => {
			const data = await loadDataset("sft", spec(file, change), context({ cacheDir, ...load }));
			data.close();
			return data.key;
		};
		const preference = await loadDataset("preference", spec(writeRows(pairs)), context({ cacheDir }));
		preference.close();
		const keys = [
			await key(),
			await key({ path: other }),
			await key({ format: "prompt-completion" }),
			await key({ template: "chat" }),
			await key({ limit: 29 }),
			await key({}, { maxLength: 511 }),
			await key({}, { tokenizer: tinyTokenizer({ add_bos_token: true }) }),
			await key({}, { tokenizer: tinyTokenizer({}, { chatTemplate: "{{ messages }}" }) }),
			preference.key,
		];
		expect(new Set(keys).size).toBe(keys.length);
		expect(cached(cacheDir).sort()).toEqual([...keys].sort());
		expect(await key({}, { maxBadRows: 0.5 })).toBe(keys[0]);
		const copy = writeFile("copy.jsonl", readFileSync(file));
		expect(await key({ path: copy })).toBe(keys[0]);
	});

	const damages: [string, (folder: string) => void][] = [
		[
			"a cut file",
			(folder) => writeFileSync(join(folder, "ids.bin"), readFileSync(join(folder, "ids.bin")).subarray(4)),
		],
		["a changed byte", (folder) => flip(join(folder, "ids.bin"))],
		["a changed record", (folder) => flip(join(folder, "rows.bin"))],
		["a longer file", (folder) => appendFileSync(join(folder, "rows.bin"), "x")],
		["half a meta.json", (folder) => writeFileSync(join(folder, "meta.json"), "{")],
	];
	test.each(damages)("is made again after %s", async (_, damage) => {
		const file = writeRows(numbered(40));
		const cacheDir = temporaryFolder();
		const rows = allRows(await loadDataset("sft", spec(file), context({ cacheDir })));
		damage(join(cacheDir, "tokens", cached(cacheDir)[0]!));
		const warnings: string[] = [];
		const onMessage = (level: string, message: string) => level === "warning" && warnings.push(message);
		const again = await loadDataset("sft", spec(file), context({ cacheDir, onMessage }));
		expect(allRows(again)).toEqual(rows);
		expect(warnings).toEqual([expect.stringContaining("damaged")]);
		expect(cached(cacheDir)).toHaveLength(1);
	});

	test("may be made by several at once", async () => {
		const file = writeRows(numbered(300));
		const cacheDir = temporaryFolder();
		const loads = Array.from({ length: 4 }, () => loadDataset("sft", spec(file), context({ cacheDir })));
		const [first, ...others] = (await Promise.all(loads)).map(allRows);
		for (const other of others) expect(other).toEqual(first);
		expect(cached(cacheDir)).toHaveLength(1);
	});
});

function flip(path: string): void {
	const bytes = readFileSync(path);
	bytes[10]! ^= 1;
	writeFileSync(path, bytes);
}
