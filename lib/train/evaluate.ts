import { optimalityGaps } from "../eval/gaps.js";
import { type HeldOutPart, heldOutLoss } from "../eval/held-out.js";
import { allRows, streamMicroBatches } from "./batches.js";
import type { RowSet, TrainContext } from "./context.js";
import { objectiveNames } from "./objectives.js";
import { makePart, measureStep, nameRow, type RowPart } from "./parts.js";

/**
 * Losses on the held-out rows, by the objective's name in metrics, with their gaps to the optima, the ideal distance, and each
 * objective's metrics as `<objective>/<metric>`. Empty without held-out rows.
 */
export async function evaluateHeldOut(context: TrainContext): Promise<Record<string, number>> {
	const losses: Record<string, number> = {};
	const optima: Record<string, number> = {};
	const metrics: Record<string, number> = {};
	const sets = objectiveNames.flatMap((objective) => context.heldOut[objective] ?? []);
	const total = sets.reduce((sum, { dataset }) => sum + dataset.length, 0);
	let done = 0;
	for (const set of sets) {
		const { objective } = set.dataset;
		const { metric } = set.traits;
		const result = await evaluateSet(context, set, (rows) => {
			done += rows;
			context.emit({ event: "progress", phase: "evaluation", done, total, unit: "rows" });
		});
		losses[metric] = result.loss;
		optima[metric] = context.optima[objective]?.heldOut ?? 0;
		for (const [name, value] of Object.entries(result.metrics)) metrics[`${metric}/${name}`] = value;
	}
	return { ...losses, ...optimalityGaps(losses, optima), ...metrics };
}

async function evaluateSet(context: TrainContext, set: RowSet, onRows: (rows: number) => void) {
	let running: RowPart | undefined;
	async function* parts(): AsyncGenerator<HeldOutPart> {
		const all = () =>
			streamMicroBatches(set.dataset, allRows(set.dataset.length), context.config.train.microBatchTokens);
		const measured = await measureStep(context, set, all());
		for (const microBatch of all()) {
			running = await makePart(context, set, microBatch, 1, 1, measured);
			yield { part: running.part, count: microBatch.count, rows: microBatch.rows.length };
		}
	}
	try {
		return await heldOutLoss(context.session, parts(), onRows);
	} catch (error) {
		throw running ? nameRow(error, [running]) : error;
	}
}
