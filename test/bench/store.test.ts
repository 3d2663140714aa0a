import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PREVIOUS, readResults, storeResult } from "../../lib/bench/store.js";
import { measurement, result } from "./results.js";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-store-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a new result moves the one before it to previous/", async () => {
	for (const rate of [1, 2, 3]) await storeResult(folder, result("sft", [{ a: measurement(rate) }]));
	await storeResult(folder, result("dpo", []));
	const rates = (results: Awaited<ReturnType<typeof readResults>>) =>
		results.map(({ trial, rounds }) => [trial, rounds[0]?.a?.rowsPerSecond]);
	expect(rates(await readResults(folder))).toEqual([
		["dpo", undefined],
		["sft", 3],
	]);
	expect(rates(await readResults(join(folder, PREVIOUS)))).toEqual([["sft", 2]]);
	expect(rates(await readResults(join(folder, "sft.json")))).toEqual([["sft", 3]]);
});

test.each([
	["{", "Expected property name"],
	['{"trial": 3}', "is not a result of the benchmark"],
])("a file with %s is refused by name", async (text, message) => {
	writeFileSync(join(folder, "odd.json"), text);
	await expect(readResults(folder)).rejects.toMatchObject({ code: "USAGE" });
	await expect(readResults(folder)).rejects.toThrow(message);
	await expect(readResults(folder)).rejects.toThrow("odd.json");
});

test("a folder that is not there is refused by name", async () => {
	await expect(readResults(join(folder, "gone"))).rejects.toThrow("gone: no such file or folder");
});
