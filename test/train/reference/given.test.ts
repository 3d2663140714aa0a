import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../../lib/config/schema.js";
import { readFloat64 } from "../../../lib/train/checkpoint/reference-file.js";
import type { RunEvent } from "../../../lib/train/events.js";
import { run } from "../../../lib/train/run.js";
import { type PreferenceScore, score } from "../../../lib/train/score.js";
import { fixture } from "../../native/parity-fixtures.js";
import { createWorkspace, metricRows, tinyModel, untimedMetrics, type Workspace } from "../workspace.js";

const adapter = fixture("adapters/random");
let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

async function events(config: RunConfigInput, resume = false): Promise<RunEvent[]> {
	const seen: RunEvent[] = [];
	const job = run(config, { env: work.env, resume });
	for await (const event of job) seen.push(event);
	await job.result;
	return seen;
}

const messages = (seen: RunEvent[], kind: string) =>
	seen.flatMap((event) => (event.event === kind && "message" in event ? [event.message as string] : []));

/** The config's preference rows scored with `change`, chosen and rejected in turn. */
async function scored(config: RunConfigInput, change: Partial<RunConfigInput>): Promise<number[]> {
	const logps: number[] = [];
	const data = { preference: config.data.preference };
	const alone = { ...config, strategy: { name: "dpo" as const }, data, ...change };
	for await (const row of score(alone, { env: work.env })) {
		const { logp_chosen, logp_rejected } = row as PreferenceScore;
		logps.push(logp_chosen, logp_rejected);
	}
	return logps;
}

/** What a run's last checkpoint holds as the reference log-probs of its training pairs. */
async function kept(output: string, step = 12): Promise<number[]> {
	const path = join(output, "checkpoints", `step-${step}`, "reference-logps.safetensors");
	return [...(await readFloat64(path, "preference.train", 22))];
}

describe("reference.path", () => {
	const dpo = { name: "dpo" } as const;

	it("scores as the adapter scores alone, to the last bit", async () => {
		const config = work.config({ reference: { path: adapter }, strategy: dpo });
		await run(config, { env: work.env }).result;
		const alone = await scored(config, { adapter: { type: "lora", init: adapter } });
		expect(await kept(config.output as string)).toEqual(alone);
	});

	it("scores as another model scores alone", async () => {
		const config = work.config({ reference: { path: fixture("mha-tied") }, strategy: dpo });
		await run(config, { env: work.env }).result;
		const alone = await scored(config, { model: { path: fixture("mha-tied"), dtype: "float32" } });
		expect(await kept(config.output as string)).toEqual(alone);
		const [first] = (await metricRows(config.output as string)).filter(({ event }) => event === "step");
		expect(Math.abs((first?.loss as number) - Math.LN2)).toBeGreaterThan(1e-3);
	});

	it("scores only the rows of a short run, and more when it goes on", async () => {
		const config = work.config({ reference: { path: adapter }, strategy: dpo, evaluation: {} });
		config.data.preference = { path: join(work.folder, "pairs.jsonl") };
		await run({ ...config, train: { ...config.train, steps: 1 } }, { env: work.env }).result;
		const few = await kept(config.output as string, 1);
		expect(few.filter(Number.isFinite)).toHaveLength(2 * 3);
		await run(config, { env: work.env, resume: true }).result;
		const all = await kept(config.output as string);
		expect(all.filter(Number.isFinite)).toHaveLength(2 * 11);
		expect(all).toEqual(all.map((value, index) => (Number.isFinite(few[index]) ? few[index] : value)));
	});

	it("of the model itself is what no reference is", async () => {
		const config = work.config({ strategy: dpo });
		await run(config, { env: work.env }).result;
		const output = join(work.folder, "named");
		await run({ ...config, reference: { path: tinyModel }, output }, { env: work.env }).result;
		expect(await untimedMetrics(output)).toBe(await untimedMetrics(config.output as string));
	});

	it("serves full-parameter training, and may then run longer", async () => {
		const config = work.config({ reference: { path: adapter }, strategy: dpo, adapter: { type: "none" } });
		await run({ ...config, train: { ...config.train, steps: 2 } }, { env: work.env }).result;
		await run(config, { env: work.env, resume: true }).result;
		const alone = await scored(config, { adapter: { type: "lora", init: adapter } });
		expect(await kept(config.output as string)).toEqual(alone);
	});

	it("stays the reference when sequential begins its second stage", async () => {
		const config = work.config({ reference: { path: adapter }, strategy: { name: "sequential" } });
		const infos = messages(await events(config), "info");
		expect(infos.join()).not.toContain("is the reference policy from here on");
		expect(await kept(config.output as string)).toEqual(
			await scored(config, { adapter: { type: "lora", init: adapter } }),
		);
	});

	it("is named in the error when there is no such model", async () => {
		const config = work.config({ reference: { path: "./no-such-model" } });
		await expect(run(config, { env: work.env }).result).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringMatching(/^reference\.path/),
		});
	});

	it("is not scored again when a run goes on without the cache", async () => {
		const config = work.config({ reference: { path: adapter } });
		await run({ ...config, train: { ...config.train, steps: 9 } }, { env: work.env }).result;
		await rm(join(work.folder, "cache", "xright-native", "reference"), { recursive: true });
		const phases = (await events(config, true)).flatMap((event) => (event.event === "progress" ? [event.phase] : []));
		expect(phases).not.toContain("reference log-probs");
	});

	it("must have the vocabulary of the model", async () => {
		const other = join(work.folder, "other");
		await cp(tinyModel, other, { recursive: true });
		const file = join(other, "tokenizer.json");
		const tokenizer = JSON.parse(await readFile(file, "utf8"));
		const [a, b] = Object.keys(tokenizer.model.vocab).slice(-2) as [string, string];
		[tokenizer.model.vocab[a], tokenizer.model.vocab[b]] = [tokenizer.model.vocab[b], tokenizer.model.vocab[a]];
		await writeFile(file, JSON.stringify(tokenizer));
		const config = work.config({ reference: { path: other } });
		await expect(run(config, { env: work.env }).result).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringContaining("another vocabulary"),
		});
	});

	it("may move, but not change, before the run is continued", async () => {
		const moved = join(work.folder, "moved");
		await cp(adapter, moved, { recursive: true });
		const config = work.config({ reference: { path: adapter } }, { steps: 2 });
		await run(config, { env: work.env }).result;
		await run({ ...config, reference: { path: moved } }, { env: work.env, resume: true }).result;
		const changed = run({ ...config, reference: { path: tinyModel } }, { env: work.env, resume: true });
		await expect(changed.result).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringContaining("the reference policy's files"),
		});
	});
});

describe("the cache of reference log-probs", () => {
	it.each([
		["the model itself", null],
		["an adapter", { path: adapter }],
	])("gives the same run for %s, and says how many rows it had", async (_name, reference) => {
		const config = work.config({ reference });
		expect(messages(await events(config), "info").join()).not.toContain("come from the cache");
		const output = join(work.folder, "again");
		const infos = messages(await events({ ...config, output }), "info");
		expect(infos).toContainEqual(expect.stringMatching(/of 11 of 11 rows of .*pairs.jsonl come from the cache/));
		expect(infos).toContainEqual(expect.stringMatching(/of 3 of 3 rows of .*pairs-test.jsonl come from the cache/));
		expect(await untimedMetrics(output)).toBe(await untimedMetrics(config.output as string));
		const [first] = (await metricRows(output)).filter(({ objective }) => objective === "dpo");
		if (reference === null) expect(first?.loss).toBeCloseTo(Math.LN2, 15);
	});

	it("serves two runs at once", async () => {
		const config = work.config({ reference: { path: adapter } });
		const outputs = ["first", "second"].map((name) => join(work.folder, name));
		await Promise.all(outputs.map((output) => run({ ...config, output }, { env: work.env }).result));
		const [first, second] = await Promise.all(outputs.map(untimedMetrics));
		expect(second).toBe(first);
		expect(messages(await events(config), "info").join()).toMatch(/of 11 of 11 rows/);
		expect(await untimedMetrics(config.output as string)).toBe(first);
	});

	it("is shared by strategies, and by seeds when the reference is given", async () => {
		const config = work.config({ reference: { path: adapter } });
		await run(config, { env: work.env }).result;
		const other = { ...config, seed: 7, strategy: { name: "mix" as const }, output: join(work.folder, "other") };
		expect(messages(await events(other), "info").join()).toMatch(/of 11 of 11 rows/);
	});

	it("is not used after the model, its type, the rows or their lengths changed", async () => {
		const config = work.config({ strategy: { name: "dpo" } });
		await run(config, { env: work.env }).result;
		const data = { ...config.data, maxLength: 40 };
		const changes: Partial<RunConfigInput>[] = [
			{ model: { path: fixture("mha-tied"), dtype: "float32" } },
			{ model: { path: tinyModel, dtype: "bfloat16" } },
			{ adapter: { type: "lora", init: adapter } },
			{ threads: 2 },
			{ data },
		];
		for (const [index, change] of changes.entries()) {
			const output = join(work.folder, `changed-${index}`);
			expect(messages(await events({ ...config, ...change, output }), "info").join()).not.toContain(
				"come from the cache",
			);
		}
	});

	it("is computed again where it is damaged", async () => {
		const config = work.config({ strategy: { name: "dpo" } });
		await run(config, { env: work.env }).result;
		const folder = join(work.folder, "cache", "xright-native", "reference");
		for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
			if (!entry.isFile()) continue;
			const path = join(entry.parentPath, entry.name);
			const bytes = await readFile(path);
			bytes[7]! ^= 64;
			await writeFile(path, bytes);
		}
		const output = join(work.folder, "again");
		const seen = await events({ ...config, output });
		expect(messages(seen, "warning").filter((text) => text.includes("is damaged"))).toHaveLength(2);
		expect(await untimedMetrics(output)).toBe(await untimedMetrics(config.output as string));
	});
});
