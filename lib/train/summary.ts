import type { MemoryStats } from "../native/binding.js";
import type { RunData } from "./data.js";
import type { RunProfile, RunSummary } from "./events.js";
import type { Progress } from "./loop.js";
import { byObjective } from "./objectives.js";
import type { Optima } from "./optima/types.js";

export interface SummaryParts {
	/** Of what the result depends on. */
	key: string;
	/** Median GPU utilisation in percent; null on the CPU. */
	gpu: number | null;
	memory: MemoryStats;
	artifact: string;
	data: RunData;
	prompts: readonly string[];
	/** Answers after training, in the order of the prompts; empty when the run was interrupted. */
	answers: readonly string[];
	optima: Optima;
	profile: RunProfile | null;
}

/** What a run came to. */
export function summarize(status: RunSummary["status"], progress: Progress, parts: SummaryParts): RunSummary {
	const { tokens, seconds } = progress.totals;
	const { devicePeak } = parts.memory;
	const summary: RunSummary = {
		status,
		steps: progress.step,
		seconds,
		tokens_per_second: seconds > 0 ? tokens / seconds : 0,
		// maxRSS is in kibibytes.
		peak_memory_bytes: devicePeak ?? process.resourceUsage().maxRSS * 1024,
		peak_memory_of: devicePeak === null ? "process" : "device",
		gpu_utilization_median: parts.gpu,
		initial: progress.initial,
		final: progress.final,
		optima: parts.optima,
		dropped: byObjective((objective) => parts.data.train[objective]?.dataset.report.dropped ?? {}),
		artifact: parts.artifact,
		key: parts.key,
	};
	if (progress.stopped) summary.stopped = progress.stopped;
	if (parts.answers.length > 0) {
		summary.samples = parts.prompts.map((prompt, index) => ({
			prompt,
			before: progress.samples[index] ?? "",
			after: parts.answers[index] ?? "",
		}));
	}
	if (parts.profile) summary.profile = parts.profile;
	return summary;
}
