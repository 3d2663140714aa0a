import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../../lib/config/schema.js";
import type { RunEvent } from "../../../lib/train/events.js";
import { run } from "../../../lib/train/run.js";
import { trainedConfig } from "../../../lib/train/trained.js";
import { createWorkspace, metricRows, untimedMetrics, type Workspace } from "../workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

const short = { train: "sft-on-chosen", steps: 5, lr: 1e-2, batch: 3 } as const;

/** A run stopped by `when`, or to its end. */
async function follow(config: RunConfigInput, resume = false, when: (event: RunEvent) => boolean = () => false) {
	const stop = new AbortController();
	const events: RunEvent[] = [];
	const job = run(config, { env: work.env, resume, signal: stop.signal });
	const read = async () => {
		for await (const event of job) {
			events.push(event);
			if (when(event)) stop.abort();
		}
	};
	const error = await read().then(
		() => null,
		(reason: unknown) => reason,
	);
	return { events, error };
}

const inStage = (step: number) => (event: RunEvent) =>
	event.event === "progress" && event.phase.startsWith("fine-tuning the reference") && event.done === step;

const losses = async (output: string, event: string) =>
	(await metricRows(output)).filter((row) => row.event === event).map(({ loss, sft }) => loss ?? sft);

describe('reference "sft-on-chosen"', () => {
	it("is the model fine-tuned on the preferred answers, in a folder of its own", async () => {
		const config = work.config({ reference: short, strategy: { name: "dpo" } });
		const { events } = await follow(config);
		const stage = join(config.output as string, "reference");
		expect((await readdir(stage)).sort()).toEqual([
			"adapter",
			"checkpoints",
			"config.json",
			"metrics.jsonl",
			"summary.json",
		]);
		expect(events.filter(({ event }) => event === "step")).toHaveLength(12);
		expect(events.filter(inStage(5))).toHaveLength(1);

		expect((await trainedConfig(stage)).adapter).toMatchObject({ init: join(stage, "adapter") });

		// The same fine-tuning done by hand, the preferred answers written as SFT rows.
		const pairs = (await readFile(join(work.folder, "pairs.jsonl"), "utf8")).trimEnd().split("\n");
		const rows = pairs.map((line) => JSON.parse(line)).map(({ prompt, chosen }) => ({ prompt, completion: chosen }));
		await writeFile(join(work.folder, "chosen.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
		const byHand = join(work.folder, "by-hand");
		const data = { sft: { path: join(work.folder, "chosen.jsonl") } };
		const train = { ...config.train, steps: 5, batch: { sft: 3 }, optimizer: { lr: 1e-2 } };
		const evaluation = {};
		await run({ ...config, reference: null, strategy: { name: "sft" }, data, train, evaluation, output: byHand }, work)
			.result;
		expect(await losses(stage, "step")).toEqual(await losses(byHand, "step"));
		const weights = (folder: string) => readFile(join(folder, "adapter", "adapter_model.safetensors"));
		expect((await weights(stage)).equals(await weights(byHand))).toBe(true);

		// And the run itself is the one that names that adapter.
		const named = join(work.folder, "named");
		await run({ ...config, reference: { path: join(byHand, "adapter") }, output: named }, work).result;
		expect(await untimedMetrics(config.output as string)).toBe(await untimedMetrics(named));
	});

	it("takes the desirable responses of unpaired rows", async () => {
		const config = work.config({ reference: short, strategy: { name: "dpo" } });
		await follow(config);
		const kto = { ...config, objective: { preference: { loss: "kto" as const } }, output: join(work.folder, "kto") };
		expect((await follow(kto)).error).toBeNull();
		const [pairs, unpaired] = [config, kto].map(({ output }) => join(output as string, "reference"));
		expect(await untimedMetrics(unpaired as string)).toBe(await untimedMetrics(pairs as string));
	});

	it("evaluates the stage on the preferred held-out answers", async () => {
		const config = work.config({ reference: short, strategy: { name: "dpo" } });
		await follow(config);
		const held = await losses(join(config.output as string, "reference"), "eval");
		expect(held).toHaveLength(3);
		expect(held.at(-1) as number).toBeLessThan(held[0] as number);
	});

	it("is trained once for runs that share model, rows and settings, and again when one differs", async () => {
		const config = work.config({ reference: short });
		await follow(config);
		const shared = join(work.folder, "shared");
		const { events } = await follow({ ...config, seed: 7, strategy: { name: "mix" }, output: shared });
		expect(events.filter(inStage(1))).toHaveLength(0);
		expect(existsSync(join(shared, "reference"))).toBe(false);
		const own = join(work.folder, "own");
		const other = await follow({ ...config, seed: 7, reference: { ...short, lr: 1e-3 }, output: own });
		expect(other.events.filter(inStage(1))).toHaveLength(1);
		await rm(config.output as string, { recursive: true });
		const again = await follow({ ...config, output: join(work.folder, "again") });
		expect(again.events.filter(inStage(1))).toHaveLength(1);
	});
});

describe('reference "sft"', () => {
	it.each([
		["LoRA", { type: "lora", rank: 4, alpha: 8 }, "adapter"],
		["full-parameter", { type: "none" }, "model"],
	] as const)(
		"is the model fine-tuned on the SFT rows, %s, for as many passes as asked",
		async (_name, adapter, result) => {
			const reference = { train: "sft", epochs: 1 } as const;
			const config = work.config({ reference, adapter, strategy: { name: "mix" } }, { steps: 3 });
			const { error } = await follow(config);
			expect(error).toBeNull();
			const stage = join(config.output as string, "reference");
			expect(await losses(stage, "step")).toHaveLength(5);
			expect(existsSync(join(stage, result))).toBe(true);
			const [first] = (await metricRows(config.output as string)).filter(({ event }) => event === "step");
			expect(Math.abs((first?.["loss/dpo"] as number) - Math.LN2)).toBeGreaterThan(1e-6);
		},
	);
});

describe("an interruption while the reference is trained", () => {
	it("is continued with --resume, to the same bytes", async () => {
		const expected = work.config({ reference: short, output: join(work.folder, "straight") });
		await follow(expected);
		const cache = { env: { ...work.env, XDG_CACHE_HOME: join(work.folder, "other-cache") } };
		const config = work.config({ reference: short });
		const stop = new AbortController();
		const job = run(config, { ...cache, signal: stop.signal });
		const reading = (async () => {
			for await (const event of job) if (inStage(2)(event)) stop.abort();
		})();
		await expect(reading).rejects.toMatchObject({ code: "ABORTED", message: expect.stringContaining("--resume") });
		await expect(run(config, cache).result).rejects.toMatchObject({ code: "CONFIG" });
		await run(config, { ...cache, resume: true }).result;
		for (const folder of ["", "reference"]) {
			const [one, two] = [expected, config].map(({ output }) => join(output as string, folder));
			expect(await untimedMetrics(two as string)).toBe(await untimedMetrics(one as string));
		}
	});

	it("refuses to go on with other settings", async () => {
		const config = work.config({ reference: short });
		await follow(config, false, inStage(2));
		const { error } = await follow({ ...config, reference: { ...short, batch: 2 } }, true);
		expect(error).toMatchObject({ code: "CONFIG", message: expect.stringContaining("train.batch.sft") });
	});
});
