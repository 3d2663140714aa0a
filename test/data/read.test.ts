import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDataFile, hashFile, type RawRow, readRows } from "../../lib/data/read.js";
import { splitArray, splitLines } from "../../lib/data/split.js";
import { collect, temporaryFolder, writeFile } from "./support.js";

const values = (rows: RawRow[]) => rows.map((row) => ("value" in row ? row.value : row.error));
const rows = [{ a: 1 }, { a: 'quote " and \\ and [{]},', b: [1, [2]] }, { a: "日本 😀" }];
const lines = rows.map((row) => JSON.stringify(row)).join("\n");
const array = JSON.stringify(rows, null, 2);

describe("readRows", () => {
	test.each([
		["rows.jsonl", lines],
		["rows.jsonl", `${lines}\n`],
		["rows.jsonl", `\ufeff${lines.replaceAll("\n", "\r\n")}\r\n\r\n`],
		["rows.json", lines],
		["rows.json", array],
		["rows.jsonl", ` \n${array}\n`],
		["rows.json", `\ufeff${array}`],
	])("%s is told from its content (%#)", async (name, text) => {
		expect(values(await collect(readRows(writeFile(name, text))))).toEqual(rows);
		expect(values(await collect(readRows(writeFile(`${name}.gz`, gzipSync(text)))))).toEqual(rows);
		expect(values(await collect(readRows(writeFile(name, gzipSync(text)))))).toEqual(rows);
	});

	test("bad rows carry their line, good ones around them are kept", async () => {
		const bytes = Buffer.concat([
			Buffer.from('{"a":1}\n\n{"a":\n'),
			Buffer.from([0x22, 0xff, 0x22, 10]),
			Buffer.from('{"a":2}'),
		]);
		expect(await collect(readRows(writeFile("rows.jsonl", bytes)))).toEqual([
			{ line: 1, value: { a: 1 } },
			{ line: 3, error: "invalid JSON" },
			{ line: 4, error: "invalid UTF-8" },
			{ line: 5, value: { a: 2 } },
		]);
	});

	test("limit takes the first rows and leaves the rest unread", async () => {
		const path = writeFile("rows.jsonl", `${lines}\n{broken`);
		expect(values(await collect(readRows(path, { limit: 2 })))).toEqual(rows.slice(0, 2));
	});

	test("empty files and empty arrays have no rows", async () => {
		for (const text of ["", "\n \n", "[]", "[ \n]"]) {
			expect(await collect(readRows(writeFile("rows.json", text)))).toEqual([]);
		}
	});

	test("a __proto__ key stays an ordinary key", async () => {
		const [row] = await collect(readRows(writeFile("rows.jsonl", '{"__proto__": {"polluted": true}}')));
		expect(row && "value" in row && Object.keys(row.value as object)).toEqual(["__proto__"]);
		expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
	});

	test("a row without end is an error, not gigabytes of memory", async () => {
		for (const start of ["", "["]) {
			const path = writeFile("rows.json", `${start}"${"x".repeat(5 << 20)}"`);
			await expect(collect(readRows(path))).rejects.toMatchObject({
				code: "DATA",
				message: expect.stringContaining("4 MB"),
			});
		}
	});

	test("files that break off are errors", async () => {
		const cut = gzipSync(lines.repeat(50)).subarray(0, -12);
		await expect(collect(readRows(writeFile("rows.jsonl.gz", cut)))).rejects.toMatchObject({
			code: "DATA",
			message: expect.stringContaining("gzip data is damaged"),
		});
		await expect(collect(readRows(writeFile("rows.json", array.slice(0, -20))))).rejects.toMatchObject({
			code: "DATA",
			message: expect.stringContaining("breaks off in element 3"),
		});
		await expect(collect(readRows(join(temporaryFolder(), "none.jsonl")))).rejects.toMatchObject({ code: "DATA" });
	});
});

async function* inChunks(text: string, sizes: number[]): AsyncGenerator<Buffer> {
	const bytes = Buffer.from(text);
	for (let start = 0, index = 0; start < bytes.length; index++) {
		const end = start + sizes[index % sizes.length]!;
		yield bytes.subarray(start, end);
		start = end;
	}
}

test("rows do not depend on how the file arrives in chunks", async () => {
	const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
	await fc.assert(
		fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 8 }), sizes, async (items, sizes) => {
			const parse = (row: { bytes: Buffer }) => JSON.parse(row.bytes.toString()) as unknown;
			const expected = JSON.parse(JSON.stringify(items)) as unknown[];
			const asArray = await collect(splitArray(inChunks(JSON.stringify(items), sizes)));
			expect(asArray.map(parse)).toEqual(expected);
			const asLines = await collect(
				splitLines(inChunks(items.map((item) => JSON.stringify(item)).join("\r\n"), sizes)),
			);
			expect(asLines.map(parse)).toEqual(expected);
			expect(asLines.map((row) => row.line)).toEqual(expected.map((_, index) => index + 1));
		}),
	);
});

describe("findDataFile", () => {
	test("a folder has a file for each split", async () => {
		const folder = temporaryFolder();
		for (const name of ["train.jsonl", "test.json.gz"]) writeFileSync(join(folder, name), "");
		mkdirSync(join(folder, "other"));
		expect(await findDataFile(folder)).toBe(join(folder, "train.jsonl"));
		expect(await findDataFile(folder, "test")).toBe(join(folder, "test.json.gz"));
		expect(await findDataFile(join(folder, "train.jsonl"))).toBe(join(folder, "train.jsonl"));
		await expect(findDataFile(folder, "dev")).rejects.toMatchObject({
			code: "DATA",
			message: expect.stringContaining("test.json.gz"),
		});
		await expect(findDataFile(join(folder, "none"))).rejects.toMatchObject({ code: "DATA" });
	});

	test("hashFile hashes the bytes", async () => {
		const path = writeFile("a", "abc");
		expect(await hashFile(path)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	});
});
