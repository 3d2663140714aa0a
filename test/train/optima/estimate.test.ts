import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../../lib/config/schema.js";
import type { RunEvent } from "../../../lib/train/events.js";
import type { EstimatedOptimum } from "../../../lib/train/optima/types.js";
import { run } from "../../../lib/train/run.js";
import { fixture } from "../../native/parity-fixtures.js";
import { createWorkspace, metricRows, untimedMetrics, type Workspace } from "../workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

async function follow(config: RunConfigInput, env = work.env, resume = false) {
	const events: RunEvent[] = [];
	const job = run(config, { env, resume });
	for await (const event of job) events.push(event);
	return { events, summary: await job.result };
}

const trained = (events: RunEvent[]) =>
	events.flatMap((event) => {
		const found = event.event === "progress" && event.done === 1 ? /^training (\w+) alone/.exec(event.phase) : null;
		return found ? [found[1]] : [];
	});

const maxright = { optima: "estimate", strategy: { name: "maxright", lambda: 0.5, evaluateEvery: 3 } } as const;

describe('optima "estimate"', () => {
	it("are the lowest losses of each objective alone, and feed strategy, gaps and summary", async () => {
		const config = work.config({ ...maxright, reference: { path: fixture("adapters/random") } });
		const { events, summary } = await follow(config);
		expect(trained(events)).toEqual(["preference", "sft"]);
		const output = config.output as string;
		for (const [objective, name] of [
			["preference", "dpo"],
			["sft", "sft"],
		] as const) {
			const byHand = join(work.folder, `alone-${name}`);
			const { [objective]: source } = config.data;
			const alone = { ...config, data: { [objective]: source }, strategy: { name }, optima: {}, output: byHand };
			if (objective === "sft") delete (alone as RunConfigInput).reference;
			await follow(alone as RunConfigInput);
			const rows = await metricRows(byHand);
			const held = rows.filter(({ event }) => event === "eval").map((row) => row[name] as number);
			const optimum = summary.optima[objective];
			expect(optimum?.heldOut).toBe(Math.min(...held));
			const losses = rows.filter(({ event }) => event === "step").map(({ loss }) => loss as number);
			const windows = [0, 4, 8].map((start) => losses.slice(start, start + 4).reduce((a, b) => a + b) / 4);
			expect(optimum?.training).toBe(Math.min(...windows));
			expect(summary.final[`gap/${name}`]).toBe((summary.final[name] as number) - Math.min(...held));
			const made = optimum?.source as EstimatedOptimum | undefined;
			expect(made?.provenance).toMatchObject({
				steps: 12,
				data: { [objective]: expect.stringMatching(/^[0-9a-f]{64}$/) },
			});
		}
		// MAXRIGHT with those numbers written down is the same run.
		const { preference, sft } = summary.optima;
		const optima = { preference: preference?.training as number, sft: sft?.training as number };
		const written = join(work.folder, "written");
		await follow({ ...config, optima, output: written });
		const steps = async (folder: string) =>
			(await untimedMetrics(folder)).split("\n").filter((row) => row.includes('"step",'));
		expect(await steps(output)).toEqual(await steps(written));
	});

	it("are made once for runs that differ in strategy, λ and seed; again when a setting that matters differs", async () => {
		const config = work.config(maxright);
		const first = await follow(config);
		const change = { seed: 5, strategy: { name: "alright" as const, lambda: 0.1 } };
		const second = await follow({ ...config, ...change, output: join(work.folder, "second") });
		expect(trained(second.events)).toEqual([]);
		expect(second.summary.optima).toEqual(first.summary.optima);
		const third = await follow({
			...config,
			objective: { preference: { loss: "sigmoid", beta: 0.3 } },
			output: join(work.folder, "third"),
		});
		expect(trained(third.events)).toContain("preference");
	});

	it("are kept in the run's folder, so that continuing it needs no store; a damaged one is made again", async () => {
		const config = work.config(maxright, { steps: 4 });
		const { summary } = await follow(config);
		const store = join(work.folder, "cache", "xright-native", "optima");
		await rm(store, { recursive: true });
		const longer = { ...config, output: config.output as string };
		const again = await follow(longer, work.env, true);
		expect(trained(again.events)).toEqual([]);
		expect(again.summary.optima).toEqual(summary.optima);
		for (const name of await readdir(store)) {
			const text = await readFile(join(store, name), "utf8");
			await writeFile(join(store, name), text.replace(/"loss": \d/, '"loss": 9'));
		}
		const other = await follow({ ...config, output: join(work.folder, "other") });
		expect(trained(other.events)).toEqual(["preference", "sft"]);
		expect(other.summary.optima.sft?.training).toBe(summary.optima.sft?.training);
	});

	it("survive an interruption while they are made, to the same bytes", async () => {
		const expected = work.config({ ...maxright, output: join(work.folder, "straight") });
		await follow(expected, { ...work.env, XDG_CACHE_HOME: join(work.folder, "other-cache") });
		const config = work.config(maxright);
		for (const phase of ["training preference alone", "training sft alone"]) {
			const stop = new AbortController();
			const resume = phase.includes("sft");
			const job = run(config, { env: work.env, signal: stop.signal, resume });
			const reading = (async () => {
				for await (const event of job) {
					if (event.event === "progress" && event.phase.startsWith(phase) && event.done === 5) stop.abort();
				}
			})();
			await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
		}
		await follow(config, work.env, true);
		for (const folder of ["", "optima/preference", "optima/sft"]) {
			const [one, two] = [expected, config].map(({ output }) => join(output as string, folder));
			expect(await untimedMetrics(two as string)).toBe(await untimedMetrics(one as string));
		}
	});
});
