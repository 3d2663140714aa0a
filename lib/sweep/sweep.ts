import type { SweepConfigInput } from "../config/sweep.js";
import { type Job, type JobOptions, startJob } from "../train/job.js";
import { executeSweep } from "./execute.js";
import { type Grid, sweepGrid } from "./grid.js";
import { inspectGrid } from "./inspect.js";
import type { SweepEvent, SweepResult } from "./types.js";

/** A point of a sweep before anything is trained. */
export interface PlannedPoint {
	name: string;
	steps: number;
	/** Steps that its folder already holds. */
	stepsDone: number;
	finished: boolean;
}

export interface SweepPlan {
	output: string;
	points: PlannedPoint[];
}

/**
 * Starts a sweep: every strategy at every λ with every seed, one run after the other, each in a process of its own.
 * Finished runs are kept, unfinished ones continue, failed ones are tried again. Takes a configuration, or what
 * `loadSweep` read from a file.
 */
export function sweep(from: SweepConfigInput | Grid, options: JobOptions = {}): Job<SweepResult, SweepEvent> {
	return startJob(options, async (around) => executeSweep(await gridOf(from), around));
}

/** What a sweep would run: checks configuration, model and data, trains nothing. */
export function planSweep(from: SweepConfigInput | Grid, options: JobOptions = {}): Job<SweepPlan, SweepEvent> {
	return startJob(options, async (around) => {
		const grid = await gridOf(from);
		const { points } = await inspectGrid(grid, around);
		return {
			output: grid.output,
			points: points.map(({ name, steps, stepsDone, finished }) => {
				return { name, steps, stepsDone, finished: finished !== null };
			}),
		};
	});
}

async function gridOf(from: SweepConfigInput | Grid): Promise<Grid> {
	return "points" in from ? from : sweepGrid(from, "the configuration", process.cwd());
}
