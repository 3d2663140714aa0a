import { keepSequences } from "../data/pack.js";
import type { UnpairedRow } from "../data/types.js";
import type { Batch, Part } from "../native/binding.js";
import type { MicroBatch } from "./batches.js";
import { checkInterrupted, type RowSet, type TrainContext } from "./context.js";

// A row's sequences are its own response and the mismatched one.
const own = (sequence: number) => sequence % 2 === 0;
const mismatched = (sequence: number) => sequence % 2 === 1;

export function ownResponses(batch: Batch): Batch {
	return keepSequences(batch, own);
}

/**
 * KTO's reference point: the mean log-ratio policy / reference of the mismatched responses of a whole optimiser step, at
 * least 0. It costs one forward pass over the step's prompts and mismatched responses; dropout is off.
 */
export async function klOfStep(
	context: TrainContext,
	set: RowSet,
	step: Iterable<MicroBatch>,
): Promise<Part["options"]> {
	let sum = 0;
	let count = 0;
	for (const microBatch of step) {
		checkInterrupted(context);
		const reference = await referenceOf(context, set, microBatch);
		const { logps } = await context.session.score(keepSequences(microBatch.batch, mismatched), "current");
		for (const [row, logp] of logps.entries()) sum += logp - (reference[2 * row + 1] as number);
		count += logps.length;
	}
	return { kl: Math.max(0, sum / count) };
}

async function referenceOf(context: TrainContext, set: RowSet, microBatch: MicroBatch): Promise<Float64Array> {
	if (!set.reference) throw new Error("unpaired rows are trained against a reference");
	await context.reference.fill(set.reference, microBatch);
	return set.reference.of(microBatch.rows);
}

/** The part on the rows' own responses, with their labels. */
export function labelledPart(part: Part, { dataset }: RowSet, rows: readonly number[]): Part {
	const labels = Float64Array.from(rows, (row) => ((dataset.row(row) as UnpairedRow).desirable ? 1 : 0));
	return { ...part, labels, ...(part.reference && { reference: part.reference.filter((_, index) => own(index)) }) };
}
