import { cutResponse } from "./tokenize.js";
import type { Row, RowKind, UnpairedRow } from "./types.js";

/** Completes rows that need something of other rows; called with the rows of one chunk, grouped by row of the file. */
export interface Completer<K extends RowKind> {
	complete(groups: readonly Row<K>[][]): void;
}

/**
 * Gives each row the response of the row before it, cut to the room behind its own prompt: of a pair, the answer of the
 * same side of the pair before. The first takes that of the last row of the first chunk.
 */
export class Mismatcher implements Completer<"unpaired"> {
	readonly #maxLength: number;
	#previous: readonly UnpairedRow[] | undefined;

	constructor(maxLength: number) {
		this.#maxLength = maxLength;
	}

	complete(groups: readonly UnpairedRow[][]): void {
		let previous = this.#previous ?? groups.at(-1);
		for (const group of groups) {
			for (const [index, row] of group.entries()) {
				const other = previous?.[index] ?? previous?.at(-1) ?? row;
				row.mismatched = cutResponse(other.response, row.prompt, this.#maxLength);
			}
			previous = group;
		}
		this.#previous = previous;
	}
}
