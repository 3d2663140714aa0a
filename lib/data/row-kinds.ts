import { type Completer, Mismatcher } from "./mismatched.js";
import type { Example, Objective, PreferenceExample, RowKind } from "./types.js";

interface KindInfo<K extends RowKind> {
	/** The objective that trains on such rows. */
	objective: Objective;
	/** What they are called. */
	name: string;
	/** Kinds in which they may be written in a file: their own, and those they can be made from. */
	writtenAs: readonly RowKind[];
	/** Completes rows with something of other rows. */
	completer?(maxLength: number): Completer<K>;
}

/** Labelled rows come first: they are also rows for SFT. */
export const rowKinds: { readonly [K in RowKind]: KindInfo<K> } = {
	unpaired: {
		objective: "preference",
		name: "single answers with a label",
		writtenAs: ["unpaired", "preference"],
		completer: (maxLength) => new Mismatcher(maxLength),
	},
	preference: {
		objective: "preference",
		name: "pairs of a chosen and a rejected answer",
		writtenAs: ["preference"],
	},
	sft: { objective: "sft", name: "prompts with one answer", writtenAs: ["sft"] },
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
