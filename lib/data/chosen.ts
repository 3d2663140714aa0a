import { XrightError } from "../errors.js";
import type { DataReport, Dataset, Row, RowKind, SftRow } from "./types.js";

/** The answer to learn from a row; null when it has none. */
const preferred: { [K in RowKind]: (row: Row<K>) => SftRow | null } = {
	preference: ({ prompt, chosen }: Row<"preference">) => ({ prompt, response: chosen }),
	unpaired: ({ prompt, response, desirable }: Row<"unpaired">) => (desirable ? { prompt, response } : null),
	sft: (row: SftRow) => row,
};

/** The preferred answers of preference rows, as rows to fine-tune on. Closing it closes the rows it is made from. */
export class ChosenRows implements Dataset<"sft"> {
	readonly kind = "sft";
	readonly objective = "sft";
	readonly key: string;
	readonly report: DataReport;
	readonly #rows: Dataset;
	/** Rows that have a preferred answer. */
	readonly #indices: number[];

	constructor(rows: Dataset) {
		this.#rows = rows;
		this.key = `${rows.key} chosen`;
		this.report = rows.report;
		this.#indices = Array.from({ length: rows.length }, (_, index) => index).filter(
			(index) => this.#chosen(index) !== null,
		);
	}

	get length(): number {
		return this.#indices.length;
	}

	row(index: number): SftRow {
		const row = this.#chosen(this.#at(index));
		if (row === null) throw new XrightError("INTERNAL", `row ${index} has no preferred answer`);
		return row;
	}

	sourceIndex(index: number): number {
		return this.#rows.sourceIndex(this.#at(index));
	}

	tokens(index: number): number {
		const { prompt, response } = this.row(index);
		return prompt.length + response.length;
	}

	close(): void {
		this.#rows.close();
	}

	#at(index: number): number {
		const at = this.#indices[index];
		if (at === undefined) throw new XrightError("INTERNAL", `row ${index} of ${this.length} was asked for`);
		return at;
	}

	#chosen(index: number): SftRow | null {
		const { kind } = this.#rows;
		return (preferred[kind] as (row: Row<RowKind>) => SftRow | null)(this.#rows.row(index));
	}
}
