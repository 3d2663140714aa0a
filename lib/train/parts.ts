import { microBatches, sequenceCount } from "../data/pack.js";
import { XrightError } from "../errors.js";
import type { Part, PartResult } from "../native/binding.js";
import type { MicroBatch } from "./batches.js";
import { checkInterrupted, type RowSet, type TrainContext } from "./context.js";
import { kindTraits } from "./row-kinds.js";

/** A part with the rows it is made of. */
export interface RowPart {
	part: Part;
	microBatch: MicroBatch;
	set: RowSet;
}

/**
 * Makes the native part of a micro-batch; its rows' reference log-probs are computed if they are not known yet.
 * `measured` are the options found by `measureStep`.
 */
export async function makePart(
	context: TrainContext,
	set: RowSet,
	microBatch: MicroBatch,
	weight: number,
	normalizer: number,
	measured: Part["options"] = {},
): Promise<RowPart> {
	checkInterrupted(context);
	const { native, options } = set.traits;
	const { trained, complete } = kindTraits(set.dataset.kind);
	const part: Part = {
		objective: native,
		weight,
		normalizer,
		options: { ...options, ...measured },
		batch: trained?.(microBatch.batch) ?? microBatch.batch,
	};
	if (set.reference) {
		await context.reference.fill(set.reference, microBatch);
		part.reference = set.reference.of(microBatch.rows);
	}
	return { part: complete?.(part, set, microBatch.rows) ?? part, microBatch, set };
}

/** Options that the loss needs to have measured on all rows of an optimiser step (or all held-out rows) beforehand. */
export async function measureStep(
	context: TrainContext,
	set: RowSet,
	step: Iterable<MicroBatch>,
): Promise<Part["options"]> {
	return (await kindTraits(set.dataset.kind).measure?.(context, set, step)) ?? {};
}

/**
 * Runs parts through a native call, as many together as fit the token budget; between two calls the run can be
 * interrupted. Returns the results in the order of the parts. A loss that is not finite is reported with its row.
 */
export async function runParts(
	context: TrainContext,
	parts: readonly RowPart[],
	call: (parts: Part[]) => Promise<PartResult[]>,
): Promise<PartResult[]> {
	const tokens = parts.map(({ microBatch }) => microBatch.tokens);
	const results: PartResult[] = [];
	for (const group of microBatches(tokens, context.config.train.microBatchTokens)) {
		checkInterrupted(context);
		const members = group.map((index) => parts[index] as RowPart);
		try {
			results.push(...(await call(members.map(({ part }) => part))));
		} catch (error) {
			throw nameRow(error, members);
		}
	}
	return results;
}

/** Native code says which sequence of which part was not finite; users know rows of files. */
export function nameRow(error: unknown, parts: readonly RowPart[]): unknown {
	if (!(error instanceof XrightError) || error.code !== "NON_FINITE") return error;
	const match = /part (\d+) sequence (\d+)/.exec(error.detail ?? "");
	const found = match ? parts[Number(match[1])] : undefined;
	if (!match || !found) return error;
	const { part, microBatch, set } = found;
	const perRow = sequenceCount(part.batch) / microBatch.rows.length;
	const row = microBatch.rows[Math.floor(Number(match[2]) / perRow)] as number;
	const where = `${set.path}, row ${set.dataset.sourceIndex(row)} (counted from 0)`;
	return new XrightError("NON_FINITE", `${where}: ${error.message}`, {
		...(error.hint === undefined ? {} : { hint: error.hint }),
		...(error.detail === undefined ? {} : { detail: error.detail }),
		cause: error,
	});
}
