import type { PreferenceRow, Row, RowKind, SftRow, UnpairedRow } from "./types.js";

/** Same shape as the native `Batch`: ids end to end, and five numbers a segment (start, length, prefix, scored, key). */
export interface PackedRows {
	ids: Int32Array;
	segments: Int32Array;
}

/** Numbers of a segment. */
const FIELDS = 5;

interface Sequence {
	prompt: Int32Array;
	responses: Int32Array[];
}

const parts: { [K in RowKind]: (row: Row<K>) => Sequence } = {
	preference: (row: PreferenceRow) => ({ prompt: row.prompt, responses: [row.chosen, row.rejected] }),
	sft: (row: SftRow) => ({ prompt: row.prompt, responses: [row.response] }),
	unpaired: (row: UnpairedRow) => ({ prompt: row.prompt, responses: [row.response, row.mismatched] }),
};

/** Tokens the row takes when packed: the prompt once and each response. */
export function packedTokens<K extends RowKind>(kind: K, row: Row<K>): number {
	const { prompt, responses } = parts[kind](row);
	return responses.reduce((sum, response) => sum + response.length, prompt.length);
}

/** Position of each row's first token in the optimiser step, when rows of these sizes follow each other in order. */
export function rowKeys(tokens: readonly number[], first = 0): number[] {
	let next = first;
	return tokens.map((count) => {
		const key = next;
		next += count;
		return key;
	});
}

/**
 * Packs rows end to end. A pair is the segments prompt, chosen → prompt, rejected → prompt; an SFT row is prompt,
 * response → prompt; an unpaired row prompt, response → prompt, mismatched → prompt; a row with an empty prompt has only its responses, with prefix −1. Only responses are scored.
 * `keys[i]` is the position of row i's first token in the whole optimiser step (default: these rows are the step).
 */
export function packRows<K extends RowKind>(kind: K, rows: readonly Row<K>[], keys?: readonly number[]): PackedRows {
	const sequences = rows.map((row) => parts[kind](row));
	const sizes = rows.map((row) => packedTokens(kind, row));
	const rowKey = keys ?? rowKeys(sizes);
	const ids = new Int32Array(sizes.reduce((sum, size) => sum + size, 0));
	const segments: number[] = [];
	let start = 0;
	for (const [index, { prompt, responses }] of sequences.entries()) {
		const toKey = (rowKey[index] as number) - start;
		const add = (tokens: Int32Array, prefix: number, scored: 0 | 1) => {
			ids.set(tokens, start);
			segments.push(start, tokens.length, prefix, scored, start + toKey);
			start += tokens.length;
		};
		const prefix = prompt.length > 0 ? segments.length / FIELDS : -1;
		if (prefix >= 0) add(prompt, -1, 0);
		for (const response of responses) add(response, prefix, 1);
	}
	return { ids, segments: Int32Array.from(segments) };
}

/** Scored segments of a batch. */
export function sequenceCount({ segments }: PackedRows): number {
	let count = 0;
	for (let at = 3; at < segments.length; at += FIELDS) count += segments[at] as number;
	return count;
}

/** The batch without those scored segments whose place among the scored ones `keep` refuses. */
export function keepSequences({ ids, segments }: PackedRows, keep: (sequence: number) => boolean): PackedRows {
	const kept: number[] = [];
	const pieces: Int32Array[] = [];
	/** New index of each segment. */
	const moved: number[] = [];
	let sequence = 0;
	let start = 0;
	for (let at = 0; at < segments.length; at += FIELDS) {
		const [from, length, prefix, scored, key] = segments.subarray(at, at + FIELDS) as unknown as number[];
		moved.push(kept.length / FIELDS);
		if (scored === 1 && !keep(sequence++)) continue;
		kept.push(start, length!, prefix! < 0 ? prefix! : moved[prefix!]!, scored!, key!);
		pieces.push(ids.subarray(from, from! + length!));
		start += length!;
	}
	const result = { ids: new Int32Array(start), segments: Int32Array.from(kept) };
	for (const [index, piece] of pieces.entries()) result.ids.set(piece, kept[index * FIELDS]);
	return result;
}

/**
 * Splits rows into micro-batches, in order: row numbers whose tokens add up to at most `budget`. A row larger than the
 * budget is a micro-batch of its own. They are as few as the budget allows, and then the largest is as small as it can be:
 * memory follows the largest, and products of few rows are slow.
 */
export function microBatches(tokens: readonly number[], budget: number): number[][] {
	const fewest = fill(tokens, budget);
	const total = tokens.reduce((sum, count) => sum + count, 0);
	let low = Math.min(budget, Math.ceil(total / Math.max(1, fewest.length)));
	let high = budget;
	while (low < high) {
		const middle = Math.floor((low + high) / 2);
		if (fill(tokens, middle).length > fewest.length) low = middle + 1;
		else high = middle;
	}
	return fill(tokens, high);
}

/** Row after row, a new micro-batch whenever the budget is full. */
function fill(tokens: readonly number[], budget: number): number[][] {
	const groups: number[][] = [];
	let used = Number.POSITIVE_INFINITY;
	for (const [row, count] of tokens.entries()) {
		if (used + count > budget) {
			groups.push([]);
			used = 0;
		}
		groups.at(-1)?.push(row);
		used += count;
	}
	return groups;
}
