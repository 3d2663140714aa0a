import { allRows } from "./batches.js";
import { checkInterrupted, type RowSet, type TrainContext } from "./context.js";
import { objectiveNames } from "./objectives.js";

/**
 * Prepares the reference policy for the stage that begins with `step`. At a boundary it becomes the current policy. A
 * session that keeps no copy of it scores all rows the stage can use now, before the first update.
 */
export async function beginStage(context: TrainContext, step: number): Promise<void> {
	const boundary = context.strategy.startsStage?.(step) ?? false;
	if (!boundary && step > 1) return;
	if (boundary) {
		await context.reference.snapshot();
		for (const set of referenceSets(context)) set.reference?.clear();
		context.emit({ event: "info", message: `step ${step}: the policy so far is the reference policy from here on` });
	}
	if (!context.reference.keepsCopy) await scoreAhead(context, step);
}

async function scoreAhead(context: TrainContext, step: number): Promise<void> {
	const trained = context.strategy.stageObjectives?.(step) ?? context.strategy.objectives;
	const work: { set: RowSet; rows: number[] }[] = [];
	for (const objective of objectiveNames) {
		const heldOut = context.heldOut[objective];
		if (heldOut?.reference) work.push({ set: heldOut, rows: allRows(heldOut.dataset.length) });
		const train = trained.includes(objective) ? context.train[objective] : undefined;
		if (!train?.reference) continue;
		const needed = (context.steps - step + 1) * context.config.train.batch[objective];
		work.push({ set: train, rows: train.sampler.peek(Math.min(needed, 2 * train.dataset.length)) });
	}
	const lists = work.map(({ set, rows }) => ({ set, rows: [...new Set(rows)] }));
	const total = lists.reduce((sum, { rows }) => sum + rows.length, 0);
	let done = 0;
	for (const { set, rows } of lists) {
		if (!set.reference) continue;
		await context.reference.fillAll(
			set.reference,
			set.dataset,
			rows,
			context.config.train.microBatchTokens,
			(count) => {
				done += count;
				context.emit({ event: "progress", phase: "reference log-probs", done, total, unit: "rows" });
				checkInterrupted(context);
			},
		);
	}
}

function referenceSets(context: TrainContext): RowSet[] {
	return [...Object.values(context.train), ...Object.values(context.heldOut)];
}
