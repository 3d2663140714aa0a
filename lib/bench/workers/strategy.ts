// A strategy in the training loop itself, on as many rows as a batch has: every step trains the same rows, so that
// strategies differ only in what they do. The first step with an objective pays for its reference log-probs and is not
// counted.
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunConfigInput } from "../../config/schema.js";
import { run } from "../../train/run.js";
import type { Job, Measurement } from "../types.js";
import { answer } from "./answer.js";
import { Clock } from "./clock.js";
import { runConfig } from "./run-config.js";

/** Objectives that a step with this name in its event trains. */
const trained: Record<string, string[]> = { dpo: ["preference"], sft: ["sft"], mix: ["preference", "sft"] };

/** Time and batches of the steps that count. */
class Totals {
	readonly detail: Record<string, number> = { steps: 0, seconds: 0 };
	readonly #seen = new Set<string>();

	add(names: string[], seconds: number): void {
		const first = names.some((name) => !this.#seen.has(name));
		for (const name of names) this.#seen.add(name);
		if (first) return;
		this.#increase("steps", 1);
		this.#increase("seconds", seconds);
		for (const name of names) {
			this.#increase(`${name}Batches`, 1);
			this.#increase(`${name}Seconds`, seconds);
		}
	}

	#increase(key: string, by: number): void {
		this.detail[key] = (this.detail[key] ?? 0) + by;
	}
}

async function strategy(job: Job): Promise<Omit<Measurement, "versions">> {
	const folder = await mkdtemp(join(dirname(job.rows), "run-"));
	const totals = new Totals();
	const clock = new Clock();
	const { data, ...others } = runConfig(job, join(folder, "run"));
	const limited = (rows: { path: string }) => ({ ...rows, limit: job.batch });
	const configuration = { ...others, data: { preference: limited(data.preference), sft: limited(data.sft) } };
	const training = run(configuration as RunConfigInput);
	for await (const event of training) {
		if (event.event !== "step") continue;
		clock.stepDone(event.loss);
		totals.add(trained[event.objective] ?? [], event.seconds);
	}
	const measured = clock.measure(job.batch);
	const { peak_memory_bytes: peakBytes } = await training.result;
	await rm(folder, { recursive: true });
	const { steps = 0, seconds = 0, preferenceBatches = 0, sftBatches = 0 } = totals.detail;
	const rowsPerSecond = ((preferenceBatches + sftBatches) * job.batch) / seconds;
	return { ...measured, secondsPerStep: seconds / steps, rowsPerSecond, peakBytes, detail: totals.detail };
}

await answer(strategy);
