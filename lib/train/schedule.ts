export interface Schedule {
	name: "constant" | "linear" | "cosine";
	/** Below 1 a share of the run, else a number of steps. */
	warmup: number;
}

/** Factor on the learning rate after warm-up; `progress` runs from 0 to 1 over the steps after it. */
export const decays: Record<Schedule["name"], (progress: number) => number> = {
	constant: () => 1,
	linear: (progress) => 1 - progress,
	cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
};

/** Steps of the warm-up in a run of `steps` (a share is rounded up). */
export function warmupSteps(schedule: Schedule, steps: number): number {
	return schedule.warmup < 1 ? Math.ceil(schedule.warmup * steps) : schedule.warmup;
}

/**
 * Learning rate of step t (from 1) in a run of `steps`. As in Hugging Face's schedules the n-th update uses the factor
 * at n − 1: warm-up starts at 0, and the step after the last would be the first with rate 0.
 */
export function learningRate(schedule: Schedule, peak: number, step: number, steps: number): number {
	const done = step - 1;
	const warmup = warmupSteps(schedule, steps);
	if (done < warmup) return (peak * done) / warmup;
	const progress = (done - warmup) / Math.max(1, steps - warmup);
	return peak * decays[schedule.name](Math.min(1, progress));
}
