import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MetricsFile } from "../../lib/train/metrics.js";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "xright-metrics-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("MetricsFile", () => {
	it("appends a line a row and knows its length", async () => {
		const path = join(folder, "metrics.jsonl");
		const metrics = await MetricsFile.open(path, 0);
		await metrics.append({ step: 1 });
		await metrics.append({ step: 2, objective: "é" });
		await metrics.sync();
		const text = await readFile(path);
		expect(text.toString()).toBe('{"step":1}\n{"step":2,"objective":"é"}\n');
		expect(metrics.bytes).toBe(text.length);
		await metrics.close();
	});

	it("drops rows after the position it continues from", async () => {
		const path = join(folder, "metrics.jsonl");
		await writeFile(path, '{"step":1}\n{"step":2}\n{"st');
		const metrics = await MetricsFile.open(path, 11);
		await metrics.append({ step: 2, again: true });
		await metrics.close();
		expect(await readFile(path, "utf8")).toBe('{"step":1}\n{"step":2,"again":true}\n');
	});

	it("starts over at position 0", async () => {
		const path = join(folder, "metrics.jsonl");
		await writeFile(path, "old\n");
		await (await MetricsFile.open(path, 0)).close();
		expect(await readFile(path, "utf8")).toBe("");
	});
});
