/** A chat message as in OpenAI's and Hugging Face's formats. */
export interface Message {
	role: string;
	content: string;
}

/** Plain strings are used as they are; lists of messages go through the chat template. */
export type Text = string | Message[];

/** Where a row came from, for messages about it. */
export interface Origin {
	file: string;
	/** 1-based line (JSONL) or element (JSON array). */
	line: number;
}

export interface PreferenceExample {
	prompt: Text;
	chosen: Text;
	rejected: Text;
}

export interface SftExample {
	prompt: Text;
	response: Text;
}

/** One answer, labelled as wanted or not. */
export interface UnpairedExample {
	prompt: Text;
	response: Text;
	desirable: boolean;
}

/** Token ids; prompt carries BOS where the tokenizer asks for it, responses carry EOS unless truncated. */
export interface PreferenceRow {
	prompt: Int32Array;
	chosen: Int32Array;
	rejected: Int32Array;
}

export interface SftRow {
	prompt: Int32Array;
	response: Int32Array;
}

export interface UnpairedRow {
	prompt: Int32Array;
	response: Int32Array;
	/** Response of another row, for the KL term of the losses on such rows. */
	mismatched: Int32Array;
	desirable: boolean;
}

export type Objective = "preference" | "sft";

interface Rows {
	preference: PreferenceRow;
	sft: SftRow;
	unpaired: UnpairedRow;
}

interface Examples {
	preference: PreferenceExample;
	sft: SftExample;
	unpaired: UnpairedExample;
}

/** Shapes of rows. The preference objective trains on pairs or on unpaired responses, depending on its loss. */
export type RowKind = keyof Rows;
export type Row<K extends RowKind> = Rows[K];
export type Example<K extends RowKind> = Examples[K];

/** What happened to the rows of a file on their way in. */
export interface DataReport {
	format: string;
	/** Why this format, when it was chosen automatically. */
	formatReason: string;
	read: number;
	kept: number;
	/** Rows dropped by reason, for example {"empty response": 3, "response lost to maxLength": 1}. */
	dropped: Record<string, number>;
	/** The first few bad rows, as "file:line: reason". */
	examples: string[];
	/** Rows whose prompt or response was shortened to maxLength. */
	truncated: number;
	tokens: { prompt: number; response: number };
}

/** A tokenised data set on disk; rows are read on demand, so millions of them cost no memory. */
export interface Dataset<K extends RowKind = RowKind> {
	readonly kind: K;
	readonly objective: Objective;
	readonly length: number;
	/** Hash of everything the rows depend on: data, tokenizer, template, lengths. */
	readonly key: string;
	readonly report: DataReport;
	row(index: number): Row<K>;
	/** Index of the row in the source file (0-based, before dropping). */
	sourceIndex(index: number): number;
	/** Tokens of the row when all its texts are packed (prompt counted once). */
	tokens(index: number): number;
	close(): void;
}
