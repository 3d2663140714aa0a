import type { Example, Objective, PreferenceExample, RowKind } from "./types.js";

/** The objective that trains on rows of a kind. */
export function objectiveOf(kind: RowKind): Objective {
	return kind === "sft" ? "sft" : "preference";
}

/** What rows of a kind are called. */
export const kindNames: Record<RowKind, string> = {
	preference: "pairs of a chosen and a rejected answer",
	sft: "prompts with one answer",
	unpaired: "single answers with a label",
};

/**
 * Kinds in which rows of a kind may be written in a file: its own, and those it can be made from. Labelled rows come
 * first, because they are also rows for SFT.
 */
export const writtenAs: Record<RowKind, readonly RowKind[]> = {
	unpaired: ["unpaired", "preference"],
	preference: ["preference"],
	sft: ["sft"],
};

/** The examples of kind `kind` that one row written as `written` gives: a pair is a desirable and an undesirable one. */
export function examplesFrom<K extends RowKind>(kind: K, written: RowKind, example: Example<RowKind>): Example<K>[] {
	if (kind === written) return [example as Example<K>];
	const { prompt, chosen, rejected } = example as PreferenceExample;
	const split: Example<"unpaired">[] = [
		{ prompt, response: chosen, desirable: true },
		{ prompt, response: rejected, desirable: false },
	];
	return split as Example<K>[];
}
