import { microBatches, packRows, rowKeys } from "../data/pack.js";
import type { Dataset, Objective } from "../data/types.js";
import type { Batch } from "../native/binding.js";
import { kindTraits } from "./row-kinds.js";

/** Rows of one data set that go through the model together. */
export interface MicroBatch {
	objective: Objective;
	/** Row numbers in the data set. */
	rows: number[];
	batch: Batch;
	tokens: number;
	/** These rows' share of the step's normaliser: rows or scored tokens. */
	count: number;
}

/**
 * The rows in micro-batches of at most `budget` tokens (a longer row alone). The numbers that key dropout run on
 * through all rows given, starting at `firstKey`, so that they do not depend on the split.
 */
export function packMicroBatches(
	dataset: Dataset,
	indices: readonly number[],
	budget: number,
	firstKey = 0,
): MicroBatch[] {
	const { kind, objective } = dataset;
	const { count } = kindTraits(kind);
	const tokens = indices.map((index) => dataset.tokens(index));
	const keys = rowKeys(tokens, firstKey);
	return microBatches(tokens, budget).map((group) => {
		const rows = group.map((position) => indices[position] as number);
		const contents = rows.map((row) => dataset.row(row));
		return {
			objective,
			rows,
			batch: packRows(
				kind,
				contents,
				group.map((position) => keys[position] as number),
			),
			tokens: group.reduce((sum, position) => sum + (tokens[position] as number), 0),
			count: contents.reduce((sum, row) => sum + count(row), 0),
		};
	});
}

/** Rows read at once by `streamMicroBatches`. */
const CHUNK = 512;

/** Micro-batches over many rows, packed only as they are asked for. */
export function* streamMicroBatches(
	dataset: Dataset,
	indices: readonly number[],
	budget: number,
): Generator<MicroBatch> {
	for (let start = 0; start < indices.length; start += CHUNK) {
		yield* packMicroBatches(dataset, indices.slice(start, start + CHUNK), budget);
	}
}

/** 0 … length − 1. */
export function allRows(length: number): number[] {
	return Array.from({ length }, (_, index) => index);
}
