import { statSync } from "node:fs";
import { XrightError } from "../errors.js";
import type { Tokenizer } from "../tokenizer/types.js";
import { BadRow, UnwantedRow } from "./bad-row.js";
import { buildCache, cacheFolder, cacheKey, openCache } from "./cache.js";
import { chooseFormat, type FormatChoice, ROWS_TO_DETECT } from "./choose-format.js";
import type { JsonRow } from "./formats/format.js";
import type { Completer } from "./mismatched.js";
import { findDataFile, hashFile, type RawRow, readRows } from "./read.js";
import { checkReport, publicReport, ReportBuilder, type StoredReport } from "./report.js";
import { codecs } from "./row-codec.js";
import { examplesFrom, rowKinds } from "./row-kinds.js";
import { TokenFile, type TokenWriter } from "./token-file.js";
import { type Tokenized, tokenizeExample } from "./tokenize.js";
import type { Dataset, Example, Row, RowKind } from "./types.js";

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
export async function loadDataset<K extends RowKind>(
	kind: K,
	spec: DataSpec,
	context: LoadContext,
): Promise<Dataset<K>> {
	const file = await findDataFile(spec.path, spec.split);
	const { tokenizer, maxLength, onMessage } = context;
	const { format, limit = null, template = "auto" } = spec;
	const data = await hashFile(file);
	const key = cacheKey({ kind, data, format, template, limit, maxLength, tokenizer: tokenizer.fingerprint });
	const folder = cacheFolder(context.cacheDir, key);
	const stored =
		(await openCache(folder, key, (message) => onMessage?.("warning", message))) ??
		(await buildCache(folder, key, (writer) => new Builder(kind, spec, context, file, writer).build()));
	if (format === "auto") onMessage?.("info", `${file}: format ${stored.format}, because ${stored.formatReason}.`);
	checkReport(stored, file, context.maxBadRows);
	return new TokenFile(kind, folder, key, publicReport(stored, file));
}

/** Takes the rows of one file from text to token ids. */
class Builder<K extends RowKind> {
	readonly #kind: K;
	readonly #spec: DataSpec;
	readonly #context: LoadContext;
	readonly #file: string;
	readonly #writer: TokenWriter;
	readonly #report = new ReportBuilder();
	readonly #completer: Completer<K> | undefined;
	#format: FormatChoice | null = null;
	/** Rows read so far. */
	#source = 0;

	constructor(kind: K, spec: DataSpec, context: LoadContext, file: string, writer: TokenWriter) {
		this.#kind = kind;
		this.#completer = rowKinds[kind].completer?.(context.maxLength);
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
		const results = await Promise.all(rows.map((row) => this.#examples(row, format)));
		const groups = results.map((group, index) => this.#keepGood(group, (rows[index] as RawRow).line));
		this.#completer?.complete(groups.filter((group) => group.length > 0));
		const kept = groups.flatMap((group) => {
			const source = this.#source++;
			return group.map((row) => ({ source, row }));
		});
		await this.#writer.append(this.#kind, kept);
	}

	/** The ids of a row's examples, or why one cannot be used. */
	async #examples(raw: RawRow, format: FormatChoice): Promise<(Tokenized<K> | BadRow)[]> {
		const { tokenizer, maxLength } = this.#context;
		const badRow = (error: unknown) => {
			if (error instanceof BadRow) return error;
			throw error;
		};
		try {
			const examples = this.#convert(raw, format);
			return await Promise.all(
				examples.map((example) => tokenizeExample(this.#kind, example, tokenizer, maxLength).catch(badRow)),
			);
		} catch (error) {
			return [badRow(error)];
		}
	}

	#convert(raw: RawRow, { format, written }: FormatChoice): Example<K>[] {
		if ("error" in raw) throw new BadRow(raw.error);
		if (!isObject(raw.value)) throw new BadRow("not a JSON object");
		const convert = format.convert[written];
		const example = convert?.(raw.value, { template: this.#spec.template ?? "auto" }) as Example<RowKind>;
		return examplesFrom(this.#kind, written, example);
	}

	#choose(rows: readonly RawRow[]): FormatChoice {
		const objects = rows.flatMap((row) => ("value" in row && isObject(row.value) ? [row.value] : []));
		const choice = chooseFormat(this.#spec.format, objects.slice(0, ROWS_TO_DETECT), this.#kind, this.#file);
		this.#report.format(choice.format.name, choice.reason);
		return choice;
	}

	#keepGood(results: readonly (Tokenized<K> | BadRow)[], line: number): Row<K>[] {
		return results.flatMap((result) => {
			if (!(result instanceof BadRow)) return [this.#keep(result)];
			this.#drop(line, result);
			return [];
		});
	}

	#keep({ row, truncated }: Tokenized<K>): Row<K> {
		const [prompt, ...responses] = codecs[this.#kind].parts(row).map((ids) => ids.length);
		const response = responses.reduce((sum, length) => sum + length, 0);
		this.#report.keep(prompt ?? 0, response, truncated);
		return row;
	}

	#drop(line: number, row: BadRow): void {
		this.#report.drop(line, row.reason, !(row instanceof UnwantedRow));
	}
}

function isObject(value: unknown): value is JsonRow {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
