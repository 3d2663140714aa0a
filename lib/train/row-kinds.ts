import type { Row, RowKind, SftRow } from "../data/types.js";
import type { Batch, Part } from "../native/binding.js";
import type { MicroBatch } from "./batches.js";
import type { RowSet, TrainContext } from "./context.js";
import { klOfStep, labelledPart, ownResponses } from "./unpaired.js";

/** What training does with the rows of a kind. */
export interface KindTraits<K extends RowKind = RowKind> {
	/** Scored sequences of a row, reference log-probs included. */
	sequences: number;
	/** What a row adds to the number its step's loss is divided by: rows, or scored tokens. */
	count(row: Row<K>): number;
	/** The sequences that the loss is of, when they are not all. */
	trained?(batch: Batch): Batch;
	/** Options that are the same for all parts of an optimiser step and measured on the whole of it. */
	measure?(context: TrainContext, set: RowSet, step: Iterable<MicroBatch>): Promise<Part["options"]>;
	/** What a part has beyond batch and reference log-probs. */
	complete?(part: Part, set: RowSet, rows: readonly number[]): Part;
}

const kinds: { [K in RowKind]: KindTraits<K> } = {
	preference: { sequences: 2, count: () => 1 },
	// Without a prompt nothing predicts the first token.
	sft: { sequences: 1, count: (row: SftRow) => row.response.length - (row.prompt.length > 0 ? 0 : 1) },
	unpaired: { sequences: 2, count: () => 1, trained: ownResponses, measure: klOfStep, complete: labelledPart },
};

export function kindTraits(kind: RowKind): KindTraits {
	return kinds[kind] as unknown as KindTraits;
}
