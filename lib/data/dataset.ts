import { statSync } from "node:fs";
import { XrightError } from "../errors.js";
import type { Tokenizer } from "../tokenizer/types.js";
import { BadRow, UnwantedRow } from "./bad-row.js";
import { buildCache, cacheFolder, cacheKey, openCache } from "./cache.js";
import { chooseFormat, ROWS_TO_DETECT } from "./choose-format.js";
import type { Format, JsonRow } from "./formats/format.js";
import { findDataFile, hashFile, type RawRow, readRows } from "./read.js";
import { checkReport, publicReport, ReportBuilder, type StoredReport } from "./report.js";
import { TokenFile, type TokenWriter } from "./token-file.js";
import { type Example, type Tokenized, tokenizeExample } from "./tokenize.js";
import type { Dataset, Objective, Row } from "./types.js";

export interface DataSpec {
	/** A file, or a folder with a file a split. */
	path: string;
	/** A format's name or "auto". */
	format: string;
	split?: string | null;
	/** At most the first so many rows. */
	limit?: number | null;
	template?: "auto" | "chat";
}

export interface LoadContext {
	tokenizer: Tokenizer;
	/** Longest row in tokens, prompt and response together. */
	maxLength: number;
	/** Bad rows that may be skipped: a share of the rows up to 1, above that a number. */
	maxBadRows: number;
	/** Folder under which tokenised rows are kept. */
	cacheDir: string;
	/** Bytes of the file done, of how many. */
	onProgress?: (done: number, total: number) => void;
	onMessage?: (level: "info" | "warning", message: string) => void;
	signal?: AbortSignal;
}

/** Rows that are converted and tokenised together. */
const CHUNK = 256;

/**
 * The data set as tokenised rows on disk, made once for each combination of data, format, tokenizer and lengths.
 * Throws DATA for files and rows that cannot be used, TOKENIZER when the chat template is missing, ABORTED.
 */
export async function loadDataset<O extends Objective>(
	objective: O,
	spec: DataSpec,
	context: LoadContext,
): Promise<Dataset<O>> {
	const file = await findDataFile(spec.path, spec.split);
	const { tokenizer, maxLength, onMessage } = context;
	const { format, limit = null, template = "auto" } = spec;
	const data = await hashFile(file);
	const key = cacheKey({ objective, data, format, template, limit, maxLength, tokenizer: tokenizer.fingerprint });
	const folder = cacheFolder(context.cacheDir, key);
	const stored =
		(await openCache(folder, key, (message) => onMessage?.("warning", message))) ??
		(await buildCache(folder, key, (writer) => new Builder(objective, spec, context, file, writer).build()));
	if (format === "auto") onMessage?.("info", `${file}: format ${stored.format}, because ${stored.formatReason}.`);
	checkReport(stored, file, context.maxBadRows);
	return new TokenFile(objective, folder, key, publicReport(stored, file));
}

/** Takes the rows of one file from text to token ids. */
class Builder<O extends Objective> {
	readonly #objective: O;
	readonly #spec: DataSpec;
	readonly #context: LoadContext;
	readonly #file: string;
	readonly #writer: TokenWriter;
	readonly #report = new ReportBuilder();
	#format: Format | null = null;
	/** Rows read so far. */
	#source = 0;

	constructor(objective: O, spec: DataSpec, context: LoadContext, file: string, writer: TokenWriter) {
		this.#objective = objective;
		this.#spec = spec;
		this.#context = context;
		this.#file = file;
		this.#writer = writer;
	}

	async build(): Promise<StoredReport> {
		const { size } = statSync(this.#file);
		const onBytes = (bytes: number) => this.#context.onProgress?.(bytes, size);
		let chunk: RawRow[] = [];
		for await (const row of readRows(this.#file, { limit: this.#spec.limit ?? null, onBytes })) {
			chunk.push(row);
			if (chunk.length < CHUNK) continue;
			await this.#take(chunk);
			chunk = [];
		}
		await this.#take(chunk);
		return this.#report.result();
	}

	async #take(rows: readonly RawRow[]): Promise<void> {
		if (this.#context.signal?.aborted) throw new XrightError("ABORTED", `Reading ${this.#file} was interrupted.`);
		if (rows.length === 0) return;
		this.#format ??= this.#choose(rows);
		const format = this.#format;
		const results = await Promise.all(rows.map((row) => this.#one(row, format)));
		const kept: { source: number; row: Row<O> }[] = [];
		for (const [index, result] of results.entries()) {
			const source = this.#source++;
			if (result instanceof BadRow) this.#drop((rows[index] as RawRow).line, result);
			else kept.push({ source, row: this.#keep(result) });
		}
		await this.#writer.append(this.#objective, kept);
	}

	/** The row's ids, or why it cannot be used. */
	async #one(raw: RawRow, format: Format): Promise<Tokenized<O> | BadRow> {
		try {
			const { tokenizer, maxLength } = this.#context;
			return await tokenizeExample(this.#objective, this.#convert(raw, format), tokenizer, maxLength);
		} catch (error) {
			if (error instanceof BadRow) return error;
			throw error;
		}
	}

	#convert(raw: RawRow, format: Format): Example<O> {
		if ("error" in raw) throw new BadRow(raw.error);
		if (!isObject(raw.value)) throw new BadRow("not a JSON object");
		const convert = format.convert[this.#objective];
		return convert?.(raw.value, { template: this.#spec.template ?? "auto" }) as Example<O>;
	}

	#choose(rows: readonly RawRow[]): Format {
		const objects = rows.flatMap((row) => ("value" in row && isObject(row.value) ? [row.value] : []));
		const choice = chooseFormat(this.#spec.format, objects.slice(0, ROWS_TO_DETECT), this.#objective, this.#file);
		this.#report.format(choice.format.name, choice.reason);
		return choice.format;
	}

	#keep({ row, truncated }: Tokenized<O>): Row<O> {
		const { prompt, ...responses } = row as unknown as Record<string, Int32Array>;
		const response = Object.values(responses).reduce((sum, ids) => sum + ids.length, 0);
		this.#report.keep(prompt?.length ?? 0, response, truncated);
		return row;
	}

	#drop(line: number, row: BadRow): void {
		this.#report.drop(line, row.reason, !(row instanceof UnwantedRow));
	}
}

function isObject(value: unknown): value is JsonRow {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
