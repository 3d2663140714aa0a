import type { RunSummary } from "../train/events.js";
import type { MeasureName, Measures } from "./types.js";

/** What is taken from the summary of each run. The first ones are held-out results. */
export const measureNames = [
	...(["dpo", "sft", "gap/dpo", "gap/sft", "ideal_distance"] as const),
	...(["dpo/rewards/accuracies", "sft/mean_token_accuracy"] as const),
	...(["steps", "seconds", "seconds_per_step", "tokens_per_second"] as const),
	...(["peak_memory_bytes", "gpu_utilization_median"] as const),
] as const;

/** The measures that Δm% is the mean over, and which of them are better when higher. */
export const comparedMeasures: readonly { name: MeasureName; higherIsBetter: boolean }[] = [
	{ name: "dpo", higherIsBetter: false },
	{ name: "sft", higherIsBetter: false },
	{ name: "dpo/rewards/accuracies", higherIsBetter: true },
	{ name: "sft/mean_token_accuracy", higherIsBetter: true },
];

/** A value for each measure. */
export function byMeasure(value: (name: MeasureName) => number | null): Measures {
	return Object.fromEntries(measureNames.map((name) => [name, value(name)])) as Measures;
}

export const noMeasures: Measures = byMeasure(() => null);

export function measuresOf(summary: RunSummary): Measures {
	const { final, steps, seconds, tokens_per_second, peak_memory_bytes, gpu_utilization_median } = summary;
	const whole = { steps, seconds, tokens_per_second, peak_memory_bytes, gpu_utilization_median };
	const values: Record<string, number | null> = { ...final, ...whole, seconds_per_step: seconds / steps };
	return byMeasure((name) => values[name] ?? null);
}
