import type { DataReport, Dataset, PreferenceRow, SftRow } from "./types.js";

/** The preferred answers of preference rows, as rows to fine-tune on. Closing it closes the rows it is made from. */
export class ChosenRows implements Dataset<"sft"> {
	readonly objective = "sft";
	readonly length: number;
	readonly key: string;
	readonly report: DataReport;
	readonly #rows: Dataset<"preference">;

	constructor(rows: Dataset<"preference">) {
		this.#rows = rows;
		this.length = rows.length;
		this.key = `${rows.key} chosen`;
		this.report = rows.report;
	}

	row(index: number): SftRow {
		const { prompt, chosen }: PreferenceRow = this.#rows.row(index);
		return { prompt, response: chosen };
	}

	sourceIndex(index: number): number {
		return this.#rows.sourceIndex(index);
	}

	tokens(index: number): number {
		const { prompt, response } = this.row(index);
		return prompt.length + response.length;
	}

	close(): void {
		this.#rows.close();
	}
}
