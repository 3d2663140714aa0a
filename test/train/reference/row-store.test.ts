import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RowStore } from "../../../lib/train/reference/row-store.js";

let folder: string;
let warnings: string[];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "xright-rows-"));
	warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

const open = (key = "a", perRow = 2) => new RowStore(folder, key, perRow, (message) => warnings.push(message));
const onlyFile = async (key = "a") => join(folder, key, (await readdir(join(folder, key)))[0] as string);
const rows = async (store: RowStore) => [...(await store.rows(100))].map(([row, values]) => [row, ...values]);

describe("RowStore", () => {
	it("gives back what it was given, also what others wrote at the same time", async () => {
		const [first, second] = [open(), open()];
		await first.append([3, 1], Float64Array.of(-1.5, -2.5, -3, -4));
		await second.append([7], Float64Array.of(-1e-300, -0.1));
		await first.append([2], Float64Array.of(-5, -6));
		expect((await rows(open())).sort()).toEqual([
			[1, -3, -4],
			[2, -5, -6],
			[3, -1.5, -2.5],
			[7, -1e-300, -0.1],
		]);
		expect(warnings).toEqual([]);
	});

	it("is empty at first and never keeps a number that is not finite", async () => {
		expect(await rows(open())).toEqual([]);
		await open().append([0, 1], Float64Array.of(-1, Number.NaN, -1, -2));
		expect(await rows(open())).toEqual([[1, -1, -2]]);
	});

	it("leaves out a record that was not written to its end", async () => {
		await open().append([0, 1], Float64Array.of(-1, -2, -3, -4));
		const path = await onlyFile();
		await truncate(path, (await readFile(path)).length - 5);
		expect(await rows(open())).toEqual([[0, -1, -2]]);
	});

	it.each([0, 5, 19, 20, 35])("uses nothing of a file whose byte %d changed, and removes it", async (byte) => {
		await open().append([0, 1], Float64Array.of(-1, -2, -3, -4));
		const path = await onlyFile();
		const bytes = await readFile(path);
		bytes[byte]! ^= 1;
		await writeFile(path, bytes);
		expect(await rows(open())).toEqual([]);
		expect(warnings).toEqual([expect.stringContaining("is damaged")]);
		expect(await readdir(join(folder, "a"))).toEqual([]);
	});

	it("uses nothing of a file of another key, of another number of sequences, or with rows beyond the last", async () => {
		await open("b").append([0], Float64Array.of(-1, -2));
		await rename(join(folder, "b"), join(folder, "a"));
		expect(await rows(open("a"))).toEqual([]);
		await open("c", 1).append([0, 1, 2], Float64Array.of(-1, -2, -3));
		expect(await rows(open("c", 2))).toEqual([]);
		await open("d").append([100], Float64Array.of(-1, -2));
		expect(await rows(open("d"))).toEqual([]);
		expect(warnings).toHaveLength(3);
	});

	it("says once that it cannot write, and goes on", async () => {
		await writeFile(join(folder, "a"), "a file where the folder should be");
		const store = open();
		await store.append([0], Float64Array.of(-1, -2));
		await store.append([1], Float64Array.of(-1, -2));
		expect(warnings).toEqual([expect.stringContaining("are not kept")]);
	});
});
