import { checkInterrupted, Interrupted, type TrainContext } from "./context.js";
import { evaluateHeldOut } from "./evaluate.js";
import type { RunSummary, StepEvent } from "./events.js";
import type { MetricsFile } from "./metrics.js";
import { traitsOf } from "./objectives.js";
import { trainStep } from "./step.js";
import { type Stopped, stopReason } from "./stop.js";
import { Watch } from "./watch.js";

/** How far a run is; what a checkpoint keeps besides the state of the parts. */
export interface Progress {
	/** Optimiser steps done. */
	step: number;
	/** Step of the last held-out evaluation; −1 before the first. */
	evaluated: number;
	totals: { tokens: number; seconds: number };
	initial: Record<string, number>;
	final: Record<string, number>;
	/** Set when the run ended before its last step because its losses are good enough. */
	stopped: Stopped | null;
	/** Answers to evaluation.prompts before training. */
	samples: string[];
}

export function freshProgress(): Progress {
	const totals = { tokens: 0, seconds: 0 };
	return { step: 0, evaluated: -1, totals, initial: {}, final: {}, stopped: null, samples: [] };
}

/**
 * Trains from `progress.step` to the last step, or to where `stop` ends the run: evaluation and checkpoint where due,
 * then the next step. When the signal is aborted it stops after the running micro-batch, drops the unfinished step and
 * saves. `save` makes a checkpoint of the current progress.
 */
export async function trainLoop(
	context: TrainContext,
	progress: Progress,
	metrics: MetricsFile,
	save: () => Promise<void>,
): Promise<RunSummary["status"]> {
	const { every } = context.config.checkpoint;
	const first = progress.step;
	const { metric } = traitsOf(context.config, "preference", "train");
	const watch = new Watch(metric, (message) => context.emit({ event: "warning", message }));
	try {
		for (;;) {
			checkInterrupted(context);
			if (evaluationIsDue(context, progress)) await evaluate(context, progress, metrics);
			if (progress.stopped || progress.step >= context.steps) break;
			if (every !== null && progress.step > first && progress.step % every === 0) await save();
			await context.reference.beginStage(context, progress.step + 1);
			watch.see(await advance(context, progress, metrics));
		}
	} catch (error) {
		if (!(error instanceof Interrupted)) throw error;
		if (progress.step > 0) await save();
		return "interrupted";
	}
	await save();
	return "completed";
}

async function advance(context: TrainContext, progress: Progress, metrics: MetricsFile): Promise<StepEvent> {
	const row = await trainStep(context, progress.step + 1);
	progress.step = row.step;
	progress.totals.tokens += row.tokens;
	progress.totals.seconds += row.seconds;
	await metrics.append(row);
	context.emit(row);
	return row;
}

function evaluationIsDue(context: TrainContext, { step, evaluated }: Progress): boolean {
	if (evaluated === step || Object.keys(context.heldOut).length === 0) return false;
	const { every } = context.config.evaluation;
	return step === 0 || step === context.steps || (every !== null && step % every === 0);
}

async function evaluate(context: TrainContext, progress: Progress, metrics: MetricsFile): Promise<void> {
	const results = await evaluateHeldOut(context);
	const row = { event: "eval" as const, step: progress.step, ...results };
	await metrics.append(row);
	if (progress.evaluated < 0) progress.initial = results;
	progress.final = results;
	progress.evaluated = progress.step;
	context.emit(row);
	const { config, strategy, optima, steps } = context;
	const reason = progress.step > 0 ? stopReason(config, strategy, optima, results) : null;
	if (reason === null || progress.step >= steps) return;
	progress.stopped = { reason, step: progress.step };
	context.emit({ event: "info", message: `the run ends after step ${progress.step}: ${reason}` });
}
