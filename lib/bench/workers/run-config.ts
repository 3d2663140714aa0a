import type { Job } from "../types.js";

/**
 * Configuration of a run with the job's model, rows and strategy (`settings.strategy`, then its options, and
 * `settings.sftOptimum`).
 */
export function runConfig(job: Job, output: string) {
	const { strategy: name, sftOptimum = 0, ...options } = job.settings;
	return {
		model: { path: job.model, dtype: job.dtype },
		adapter: { type: "lora", rank: 16, alpha: 16, targets: job.targets },
		data: { preference: { path: job.rows }, sft: { path: job.sftRows }, maxLength: 1024 },
		strategy: { name, ...options },
		optima: { preference: 0, sft: Number(sftOptimum) },
		train: { steps: job.steps, batch: { preference: job.batch, sft: job.batch } },
		checkpoint: { every: null },
		threads: job.threads,
		output,
	};
}
