import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { textRows } from "../../lib/bench/rows.js";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-rows-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, rows: object[]): string {
	writeFileSync(join(folder, name), rows.map((row) => JSON.stringify(row)).join("\n"));
	return join(folder, name);
}

test("the shipped examples serve when no file is given", async () => {
	const pairs = await textRows("preference", { path: null, count: 16, longest: 2500 });
	expect(pairs).toHaveLength(16);
	for (const row of pairs) expect(Object.keys(row)).toEqual(["prompt", "chosen", "rejected"]);
	const rows = await textRows("sft", { path: null, count: 16, longest: 2500 });
	for (const row of rows) expect(Object.keys(row)).toEqual(["prompt", "completion"]);
});

test("any format is read; long, empty and bad rows are left out", async () => {
	const rows = ["short", "x".repeat(200), "", "last"].map((output) => ({ instruction: "Do.", input: "", output }));
	const found = await textRows("sft", { path: file("a.jsonl", rows), count: 2, longest: 200 });
	expect(found.map((row) => "completion" in row && row.completion)).toEqual(["short", "last"]);
});

test("too few rows are an error that names the file", async () => {
	const path = file("b.jsonl", [{ prompt: "a", completion: "b" }]);
	await expect(textRows("sft", { path, count: 3, longest: 100 })).rejects.toThrow(`${path}: has only 1 rows`);
});
