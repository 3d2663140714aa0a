import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../lib/config/schema.js";
import { run } from "../../lib/train/run.js";
import { createWorkspace, metricRows, untimedMetrics, type Workspace } from "./workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

const go = (config: RunConfigInput, resume = false) => run(config, { env: work.env, resume }).result;

/** Held-out losses of the run without a rule to stop by. */
async function unstopped(config: RunConfigInput) {
	const output = join(work.folder, "unstopped");
	await go({ ...config, stop: null, output });
	const rows = (await metricRows(output)).filter(({ event }) => event === "eval");
	return rows.map(({ step, dpo, sft }) => ({ step, dpo, sft }) as { step: number; dpo: number; sft: number });
}

describe("stop", () => {
	it("ends the run at the first evaluation within ε of an optimum, and continuing it does nothing more", async () => {
		const config = work.config();
		const [, second] = await unstopped(config);
		const stopping = {
			...config,
			stop: { epsilon: 1e-4 },
			optima: { preference: 0, sft: (second?.sft as number) - 0.5e-4 },
		};
		const summary = await go(stopping);
		expect(summary).toMatchObject({ status: "completed", steps: 4 });
		expect(summary.stopped).toEqual({ step: 4, reason: expect.stringContaining("sft reached its optimum") });
		const metrics = await untimedMetrics(config.output as string);
		expect(await go(stopping, true)).toMatchObject({ status: "completed", steps: 4, stopped: summary.stopped });
		expect(await untimedMetrics(config.output as string)).toBe(metrics);
	});

	it("goes on while no optimum is that near", async () => {
		const config = work.config();
		const lowest = Math.min(...(await unstopped(config)).map(({ sft }) => sft));
		const summary = await go({ ...config, stop: {}, optima: { preference: 0, sft: lowest - 2e-4 } });
		expect(summary.steps).toBe(12);
		expect(summary.stopped).toBeUndefined();
	});

	it("ends the run where both losses reach a point of a front, here a sweep's file", async () => {
		const config = work.config();
		const rows = await unstopped(config);
		const third = rows[2] as (typeof rows)[0];
		const points = [
			{ dpo: -1, sft: 99, strategy: "mix" },
			{ dpo: third.dpo, sft: third.sft, strategy: "alright" },
		];
		await writeFile(join(work.folder, "front.json"), JSON.stringify({ front: points, points: [] }));
		const summary = await go({ ...config, stop: { referenceFront: join(work.folder, "front.json") } });
		const reached = rows.find(({ step, dpo, sft }) => step > 0 && dpo <= third.dpo + 1e-4 && sft <= third.sft + 1e-4);
		expect(summary.stopped?.step).toBe(reached?.step);
		expect(summary.stopped?.reason).toContain("front point");
	});

	it("leaves sequential training alone and says so", async () => {
		const config = work.config({ strategy: { name: "sequential" }, stop: {}, optima: { preference: 9, sft: 9 } });
		const messages: string[] = [];
		const job = run(config, { env: work.env });
		for await (const event of job) if (event.event === "info") messages.push(event.message);
		expect((await job.result).steps).toBe(12);
		expect(messages).toContainEqual(expect.stringContaining("stop has no effect"));
	});

	it("refuses a front file without points", async () => {
		await writeFile(join(work.folder, "front.json"), '{"front": [{"dpo": 1}]}');
		const config = work.config({ stop: { referenceFront: join(work.folder, "front.json") } });
		await expect(go(config)).rejects.toMatchObject({ code: "CONFIG", message: expect.stringContaining("front.json") });
	});
});
