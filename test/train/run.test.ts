import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Objective } from "../../lib/data/types.js";
import { readAdapter } from "../../lib/model/adapter.js";
import type { Strategy } from "../../lib/strategies/types.js";
import type { RunEvent, RunProfile } from "../../lib/train/events.js";
import { run } from "../../lib/train/run.js";
import { createWorkspace, metricRows, untimedMetrics, type Workspace } from "./workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

const of = (rows: Record<string, unknown>[], event: string) => rows.filter((row) => row.event === event);

describe("a run", () => {
	it("writes configuration, metrics, summary, checkpoints and an adapter", async () => {
		const config = work.config({ optima: { preference: 0.1, sft: 1 } });
		const events: RunEvent[] = [];
		const job = run(config, { env: work.env });
		for await (const event of job) events.push(event);
		const summary = await job.result;
		const output = config.output as string;

		expect((await readdir(output)).sort()).toEqual([
			"adapter",
			"checkpoints",
			"config.json",
			"metrics.jsonl",
			"summary.json",
		]);
		expect((await readdir(join(output, "checkpoints"))).sort()).toEqual(["step-12", "step-9"]);
		expect(JSON.parse(await readFile(join(output, "summary.json"), "utf8"))).toEqual(summary);
		expect(JSON.parse(await readFile(join(output, "config.json"), "utf8")).train.optimizer.betas).toEqual([0.9, 0.95]);
		expect((await readAdapter(join(output, "adapter"))).config).toMatchObject({ rank: 4, alpha: 8 });

		const rows = await metricRows(output);
		expect(of(rows, "step").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
		expect(of(rows, "eval").map(({ step }) => step)).toEqual([0, 4, 8, 12]);
		expect(events.filter(({ event }) => event === "step" || event === "eval")).toEqual(rows);
		expect(events.find(({ event }) => event === "start")).toMatchObject({
			steps: 12,
			resumedFrom: 0,
			strategy: "alright",
		});

		expect(summary).toMatchObject({ status: "completed", steps: 12, gpu_utilization_median: null });
		const { dpo, sft, ideal_distance: distance } = summary.final as Record<string, number>;
		expect(summary.final).toMatchObject({ "gap/dpo": (dpo as number) - 0.1, "gap/sft": (sft as number) - 1 });
		expect(distance).toBeCloseTo(Math.hypot((dpo as number) - 0.1, (sft as number) - 1), 12);
		expect(sft).toBeLessThan(summary.initial.sft as number);
		expect(summary.peak_memory_bytes).toBeGreaterThan(1e6);
		expect(summary.tokens_per_second).toBeGreaterThan(0);
	});

	it("holds a profile when it is asked for one", async () => {
		const job = run(work.config({ train: { steps: 2 } }), { env: work.env, profile: true });
		const { seconds, ops } = (await job.result).profile as RunProfile;
		expect(ops.map(({ op, pass }) => `${op} ${pass}`)).toContain("attention backward");
		const times = ops.map((row) => row.seconds);
		expect(times).toEqual(times.toSorted((a, b) => b - a));
		expect(times.reduce((sum, time) => sum + time)).toBeLessThan(seconds);
	});

	it("names metrics as TRL does and says which objective a step trained", async () => {
		const config = work.config();
		await run(config, { env: work.env }).result;
		const steps = of(await metricRows(config.output as string), "step");
		const [dpo, sft] = ["dpo", "sft"].map((name) => steps.find(({ objective }) => objective === name));
		const common = ["event", "step", "objective", "loss", "grad_norm", "learning_rate", "tokens", "seconds"];
		expect(Object.keys(sft ?? {})).toEqual([...common, "mean_token_accuracy"]);
		expect(Object.keys(dpo ?? {})).toEqual([
			...common,
			...["logps/chosen", "logps/rejected", "mean_token_accuracy"],
			...["rewards/accuracies", "rewards/chosen", "rewards/margins", "rewards/rejected"],
		]);
	});

	it("says what it assumes where the configuration is silent", async () => {
		const events: RunEvent[] = [];
		const data = { sft: { path: join(work.folder, "sft.jsonl") } };
		const job = run(work.config({ data, strategy: { name: "sft" }, evaluation: {} }), { env: work.env });
		for await (const event of job) events.push(event);
		const messages = events.flatMap((event) => (event.event === "info" ? [event.message] : []));
		expect(messages).toContainEqual(expect.stringContaining("optima of sft are not given"));
		expect(messages).toContainEqual(expect.stringContaining("no held-out rows"));
		expect((await job.result).final).toEqual({});
	});

	it("answers the evaluation prompts before and after", async () => {
		const config = work.config({ evaluation: { every: null, prompts: ["Say 1:"], maxNewTokens: 5 } });
		const summary = await run(config, { env: work.env }).result;
		expect(summary.samples).toEqual([{ prompt: "Say 1:", before: expect.any(String), after: expect.any(String) }]);
	});

	it("trains the strategy object it is given", async () => {
		const seen: [number, Record<string, number>][] = [];
		const turns: Objective[] = ["sft", "preference"];
		const alternate: Strategy = {
			name: "alternate",
			objectives: turns,
			plan: (step) => ({ evaluate: step === 3 ? turns.map((objective) => ({ objective, ahead: 0 })) : [] }),
			choose(step, losses) {
				if (step === 3) seen.push([step, { ...losses } as Record<string, number>]);
				return { train: [{ objective: turns[step % 2] as Objective, weight: 1 }] };
			},
			observe: (step, losses) => void seen.push([step, { ...losses } as Record<string, number>]),
			state: () => ({}),
			restore() {},
		};
		const config = work.config({}, { steps: 4 });
		await run(config, { env: work.env, strategy: alternate }).result;
		const steps = of(await metricRows(config.output as string), "step");
		expect(steps.map(({ objective }) => objective)).toEqual(["dpo", "sft", "dpo", "sft"]);
		expect(seen.map(([step, losses]) => [step, Object.keys(losses).sort()])).toEqual([
			[1, ["preference"]],
			[2, ["sft"]],
			[3, ["preference", "sft"]],
			[3, ["preference"]],
			[4, ["sft"]],
		]);
		// What is evaluated is the batch that is then trained (dropout makes the two losses differ a little).
		expect(seen[3]?.[1].preference).toBeCloseTo(seen[2]?.[1].preference as number, 1);
	});

	it("refuses a folder that holds a run", async () => {
		const config = work.config({}, { steps: 1 });
		await run(config, { env: work.env }).result;
		const before = await untimedMetrics(config.output as string);
		await expect(run(config, { env: work.env }).result).rejects.toMatchObject({
			code: "CONFIG",
			hint: expect.stringContaining("--resume"),
		});
		expect(await untimedMetrics(config.output as string)).toBe(before);
	});

	it("refuses a folder that another run uses, and tells the reader of the events too", async () => {
		const config = work.config({}, { steps: 400 });
		await using first = run(config, { env: work.env });
		for await (const event of first) if (event.event === "step") break;
		const second = run(config, { env: work.env, resume: true });
		const read = async () => {
			for await (const _ of second);
		};
		await expect(read()).rejects.toMatchObject({ code: "LOCKED" });
		await expect(second.result).rejects.toMatchObject({ code: "LOCKED" });
	});

	it("reports a configuration error before it creates anything", async () => {
		const config = work.config({ strategy: { name: "mix", lambda: 2 } as never });
		await expect(run(config, { env: work.env }).result).rejects.toMatchObject({ code: "CONFIG" });
		expect(existsSync(config.output as string)).toBe(false);
	});

	it("names the row and keeps weights and checkpoints when a number is not finite", async () => {
		const train = { maxGradNorm: null, optimizer: { lr: 1e37 }, steps: 12 };
		const config = work.config({ strategy: { name: "sft" }, evaluation: {}, checkpoint: { every: 1 } }, train);
		config.data = { sft: { path: join(work.folder, "sft.jsonl") } };
		const error = await run(config, { env: work.env }).result.catch((reason: unknown) => reason);
		expect(error).toMatchObject({ code: "NON_FINITE", message: expect.stringMatching(/sft\.jsonl, row \d+/) });
		const output = config.output as string;
		const steps = of(await metricRows(output), "step").length;
		expect(await readdir(join(output, "checkpoints"))).toContain(`step-${steps}`);
		expect(existsSync(join(output, ".lock"))).toBe(false);
	});
});

describe("stopping a run", () => {
	it("saves and ends as interrupted", async () => {
		const stop = new AbortController();
		const config = work.config();
		const job = run(config, { env: work.env, signal: stop.signal });
		for await (const event of job) if (event.event === "step" && event.step === 5) stop.abort();
		const summary = await job.result;
		expect(summary.status).toBe("interrupted");
		expect(summary.steps).toBeGreaterThanOrEqual(5);
		expect(await readdir(join(config.output as string, "checkpoints"))).toContain(`step-${summary.steps}`);
	});

	it("before training rejects with ABORTED and leaves the folder free", async () => {
		const config = work.config();
		const job = run(config, { env: work.env, signal: AbortSignal.abort() });
		await expect(job.result).rejects.toMatchObject({ code: "ABORTED" });
		await mkdir(config.output as string, { recursive: true });
		await writeFile(join(config.output as string, "note.txt"), "");
		expect((await run({ ...config, train: { steps: 1 } }, { env: work.env }).result).status).toBe("completed");
	});

	it("happens on leaving an await using block", async () => {
		let result: Promise<{ status: string }>;
		{
			await using job = run(work.config({}, { steps: 10_000 }), { env: work.env });
			result = job.result;
			for await (const event of job) if (event.event === "step") break;
		}
		expect((await result).status).toBe("interrupted");
	});
});
