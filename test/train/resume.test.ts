import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../lib/config/schema.js";
import type { RunEvent } from "../../lib/train/events.js";
import { run } from "../../lib/train/run.js";
import { fixture } from "../native/parity-fixtures.js";
import { startChild } from "../support/child.js";
import { createWorkspace, tinyModel, untimedMetrics, type Workspace } from "./workspace.js";

const child = new URL("run-child.ts", import.meta.url);
let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

/** Hashes of everything a run came to, timings aside. */
async function fingerprint(output: string): Promise<Record<string, string>> {
	const result: Record<string, string> = { metrics: await untimedMetrics(output) };
	const steps = (await readdir(join(output, "checkpoints"))).map((name) => Number(name.slice("step-".length)));
	const last = join("checkpoints", `step-${Math.max(...steps)}`);
	for (const folder of [last, "adapter"]) {
		for (const name of await readdir(join(output, folder))) {
			if (name === "manifest.json") continue;
			const bytes = await readFile(join(output, folder, name));
			result[join(folder, name)] = name === "state.json" ? untimedState(bytes) : sha256(bytes);
		}
	}
	return result;
}

function untimedState(bytes: Buffer): string {
	const { totals, metricsBytes: _, identity, ...state } = JSON.parse(bytes.toString());
	return JSON.stringify({ ...state, tokens: totals.tokens, data: identity.data, model: identity.model });
}

function sha256(bytes: Buffer): string {
	return createHash("sha256").update(bytes).digest("hex");
}

async function straight(config: RunConfigInput): Promise<Record<string, string>> {
	const output = join(work.folder, "straight");
	expect((await run({ ...config, output }, { env: work.env }).result).status).toBe("completed");
	return fingerprint(output);
}

const optima = { preference: 0.1, sft: 1 };
const variants: [string, Partial<RunConfigInput>][] = [
	["alright", { strategy: { name: "alright", lambda: 0.5 } }],
	["maxright", { strategy: { name: "maxright", lambda: 0.5, evaluateEvery: 5 } }],
	["mix", { strategy: { name: "mix", lambda: 0.3 } }],
	["sequential", { strategy: { name: "sequential", order: ["sft", "preference"] } }],
	["reference.path", { reference: { path: fixture("adapters/random") }, strategy: { name: "mix", lambda: 0.5 } }],
	["orpo", { strategy: { name: "orpo" } }],
	[
		"kto",
		{ strategy: { name: "maxright", lambda: 0.9, evaluateEvery: 2 }, objective: { preference: { loss: "kto" } } },
	],
];

describe.each(variants)("%s", (_name, variant) => {
	it("comes to the same bytes when it is killed and continued", async () => {
		const config = work.config({ optima, ...variant });
		const expected = await straight(config);
		const path = join(work.folder, "config.json");
		await writeFile(path, JSON.stringify(config));
		// Between checkpoints (every 3 steps), just after one, and in the second stage of sequential.
		for (const [index, step] of [2, 4, 8].entries()) {
			const running = startChild(
				child,
				[path, index > 0 ? "resume" : "fresh"],
				["env", `XDG_CACHE_HOME=${work.env.XDG_CACHE_HOME}`],
			);
			await running.printed(`step ${step};`);
			running.process.kill("SIGKILL");
			expect((await running.finished).signal).toBe("SIGKILL");
		}
		expect((await run(config, { env: work.env, resume: true }).result).status).toBe("completed");
		expect(await fingerprint(config.output as string)).toEqual(expected);
	});

	it("comes to the same bytes when it is stopped at any step and continued", async () => {
		const config = work.config({ optima, ...variant });
		const expected = await straight(config);
		for (const step of [1, 2, 3, 5, 6, 7, 11]) {
			const stop = new AbortController();
			const job = run(config, { env: work.env, resume: step > 1, signal: stop.signal });
			for await (const event of job) if (event.event === "step" && event.step >= step) stop.abort();
			await job.result;
		}
		await run(config, { env: work.env, resume: true }).result;
		expect(await fingerprint(config.output as string)).toEqual(expected);
	});
});

describe("resuming", () => {
	it.each(["float32", "bfloat16"] as const)("of full-parameter %s training comes to the same bytes", async (dtype) => {
		const config = work.config({ model: { path: tinyModel, dtype }, adapter: { type: "none" } });
		const output = join(work.folder, "straight");
		await run({ ...config, output }, { env: work.env }).result;
		const stop = new AbortController();
		const job = run(config, { env: work.env, signal: stop.signal });
		for await (const event of job) if (event.event === "step" && event.step === 5) stop.abort();
		expect((await job.result).status).toBe("interrupted");
		await run(config, { env: work.env, resume: true }).result;
		expect(await untimedMetrics(config.output as string)).toBe(await untimedMetrics(output));
		const weights = (folder: string) => readFile(join(folder, "model", "model.safetensors"));
		expect(sha256(await weights(config.output as string))).toBe(sha256(await weights(output)));
	});

	it("falls back to the checkpoint before a damaged one, says so, and comes to the same bytes", async () => {
		const config = work.config();
		const expected = await straight(config);
		await run({ ...config, train: { ...config.train, steps: 12 } }, { env: work.env }).result;
		const damaged = join(config.output as string, "checkpoints", "step-12", "optimizer.safetensors");
		const bytes = await readFile(damaged);
		bytes[bytes.length - 1]! ^= 1;
		await writeFile(damaged, bytes);
		const events: RunEvent[] = [];
		const job = run(config, { env: work.env, resume: true });
		for await (const event of job) events.push(event);
		expect(events).toContainEqual({
			event: "warning",
			message: expect.stringContaining("optimizer.safetensors was changed"),
		});
		expect(events.find(({ event }) => event === "start")).toMatchObject({ resumedFrom: 9 });
		const names = await readdir(join(config.output as string, "checkpoints"));
		expect(names.filter((name) => name.includes("damaged"))).toHaveLength(1);
		expect(await untimedMetrics(config.output as string)).toBe(expected.metrics);
	});

	it("starts at step 1 when there is no checkpoint yet", async () => {
		const job = run(work.config({}, { steps: 2 }), { env: work.env, resume: true });
		const events: RunEvent[] = [];
		for await (const event of job) events.push(event);
		expect(events).toContainEqual({ event: "info", message: expect.stringContaining("no checkpoint yet") });
		expect((await job.result).steps).toBe(2);
	});

	it("refuses changes that would make it another run, and names the keys", async () => {
		const config = work.config({}, { steps: 3 });
		await run(config, { env: work.env }).result;
		const changed = work.config({ seed: 7 }, { steps: 3, optimizer: { lr: 1 } });
		await expect(run(changed, { env: work.env, resume: true }).result).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringMatching(/train\.optimizer\.lr.*seed|seed.*train\.optimizer\.lr/),
		});
		await writeFile(join(work.folder, "sft.jsonl"), '{"prompt":"other","completion":" data"}\n');
		await expect(run(config, { env: work.env, resume: true }).result).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringContaining("the rows of data.sft"),
		});
	});

	it("may lengthen a run whose schedule is constant, which comes to the bytes of the longer run", async () => {
		const config = work.config({ evaluation: { every: 3 } }, { steps: 6 });
		const expected = await straight({ ...config, train: { ...config.train, steps: 9 } });
		await run(config, { env: work.env }).result;
		await run({ ...config, train: { ...config.train, steps: 9 } }, { env: work.env, resume: true }).result;
		expect((await fingerprint(config.output as string)).metrics).toBe(expected.metrics);
	});
});
