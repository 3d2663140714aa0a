import { microBatches } from "../data/pack.js";
import { XrightError } from "../errors.js";
import type { Part, PartResult } from "../native/binding.js";
import type { MicroBatch } from "./batches.js";
import { checkInterrupted, type RowSet, type TrainContext } from "./context.js";
import { traitsOf } from "./objectives.js";

/** A part with the rows it is made of. */
export interface RowPart {
	part: Part;
	microBatch: MicroBatch;
	set: RowSet;
}

/** Makes the native part of a micro-batch; its rows' reference log-probs are computed if they are not known yet. */
export async function makePart(
	context: TrainContext,
	set: RowSet,
	microBatch: MicroBatch,
	weight: number,
	normalizer: number,
): Promise<RowPart> {
	checkInterrupted(context);
	const { native, options } = traitsOf(microBatch.objective);
	const part: Part = {
		objective: native,
		weight,
		normalizer,
		options: options(context.config),
		batch: microBatch.batch,
	};
	if (set.reference) {
		await context.reference.fill(set.reference, microBatch);
		part.reference = set.reference.of(microBatch.rows);
	}
	return { part, microBatch, set };
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
	const { microBatch, set } = found;
	const row = microBatch.rows[Math.floor(Number(match[2]) / traitsOf(microBatch.objective).sequences)] as number;
	const where = `${set.path}, row ${set.dataset.sourceIndex(row)} (counted from 0)`;
	return new XrightError("NON_FINITE", `${where}: ${error.message}`, {
		...(error.hint === undefined ? {} : { hint: error.hint }),
		...(error.detail === undefined ? {} : { detail: error.detail }),
		cause: error,
	});
}
