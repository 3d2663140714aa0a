import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../errors.js";
import { codecs } from "./row-codec.js";
import { rowKinds } from "./row-kinds.js";
import type { DataReport, Dataset, Objective, Row, RowKind } from "./types.js";

/** Token ids of all rows, little-endian int32. */
export const IDS = "ids.bin";
/** One record a row: little-endian int32 numbers. */
export const ROWS = "rows.bin";

/** Offset in ids.bin, in tokens (low and high 31 bits), source row, the lengths of up to three texts, label. */
const FIELDS = 7;
const LABEL = 6;
const RECORD = FIELDS * 4;
const TWO_31 = 2 ** 31;

export interface FileSum {
	bytes: number;
	sha256: string;
}

/** Writes the rows of a new data set into a folder. */
export class TokenWriter {
	readonly #ids: SummedFile;
	readonly #rows: SummedFile;
	#tokens = 0;

	private constructor(ids: SummedFile, rows: SummedFile) {
		this.#ids = ids;
		this.#rows = rows;
	}

	static async create(folder: string): Promise<TokenWriter> {
		return new TokenWriter(await SummedFile.create(join(folder, IDS)), await SummedFile.create(join(folder, ROWS)));
	}

	/** Appends rows; `source` is each row's number in the data file, from 0. */
	async append<K extends RowKind>(kind: K, rows: readonly { source: number; row: Row<K> }[]): Promise<void> {
		const codec = codecs[kind];
		const records = Buffer.alloc(rows.length * RECORD);
		const pieces: Buffer[] = [];
		for (const [index, { source, row }] of rows.entries()) {
			const parts = codec.parts(row);
			const record = [this.#tokens % TWO_31, Math.floor(this.#tokens / TWO_31), source, 0, 0, 0, codec.label(row)];
			for (const [part, ids] of parts.entries()) {
				record[3 + part] = ids.length;
				this.#tokens += ids.length;
				pieces.push(Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength));
			}
			for (const [field, value] of record.entries()) records.writeInt32LE(value, index * RECORD + field * 4);
		}
		await this.#ids.write(Buffer.concat(pieces));
		await this.#rows.write(records);
	}

	/** Makes both files durable; returns their sizes and hashes. */
	async finish(): Promise<Record<string, FileSum>> {
		return { [IDS]: await this.#ids.finish(), [ROWS]: await this.#rows.finish() };
	}

	async abandon(): Promise<void> {
		await this.#ids.close();
		await this.#rows.close();
	}
}

class SummedFile {
	readonly #file: FileHandle;
	readonly #hash = createHash("sha256");
	#bytes = 0;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	static async create(path: string): Promise<SummedFile> {
		return new SummedFile(await open(path, "wx"));
	}

	async write(bytes: Buffer): Promise<void> {
		this.#hash.update(bytes);
		this.#bytes += bytes.length;
		await this.#file.writeFile(bytes);
	}

	async finish(): Promise<FileSum> {
		await this.#file.sync();
		await this.#file.close();
		return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
	}

	async close(): Promise<void> {
		await this.#file.close().catch(() => {});
	}
}

/** Rows read from disk when they are asked for. */
export class TokenFile<K extends RowKind> implements Dataset<K> {
	readonly kind: K;
	readonly objective: Objective;
	readonly length: number;
	readonly key: string;
	readonly report: DataReport;
	readonly #folder: string;
	readonly #record = Buffer.alloc(RECORD);
	#files: { ids: number; rows: number } | null;

	constructor(kind: K, folder: string, key: string, report: DataReport) {
		this.kind = kind;
		this.objective = rowKinds[kind].objective;
		this.key = key;
		this.report = report;
		this.#folder = folder;
		this.#files = { ids: openSync(join(folder, IDS), "r"), rows: openSync(join(folder, ROWS), "r") };
		this.length = fstatSync(this.#files.rows).size / RECORD;
	}

	row(index: number): Row<K> {
		const record = this.#read(index);
		const [low, high] = record;
		const lengths = record.slice(3, LABEL);
		const total = lengths.reduce((sum, length) => sum + length, 0);
		const bytes = Buffer.alloc(total * 4);
		this.#fill(this.#open().ids, bytes, ((high as number) * TWO_31 + (low as number)) * 4);
		const ids = new Int32Array(bytes.buffer, bytes.byteOffset, total);
		let start = 0;
		const parts = lengths.map((length) => {
			start += length;
			return ids.subarray(start - length, start);
		});
		return codecs[this.kind].row(parts, record[LABEL] as number);
	}

	sourceIndex(index: number): number {
		return this.#read(index)[2] as number;
	}

	tokens(index: number): number {
		return this.#read(index)
			.slice(3, LABEL)
			.reduce((sum, length) => sum + length, 0);
	}

	close(): void {
		if (!this.#files) return;
		closeSync(this.#files.ids);
		closeSync(this.#files.rows);
		this.#files = null;
	}

	#read(index: number): number[] {
		if (!Number.isInteger(index) || index < 0 || index >= this.length) {
			throw new XrightError("INTERNAL", `row ${index} of ${this.length} was asked for`);
		}
		this.#fill(this.#open().rows, this.#record, index * RECORD);
		return Array.from({ length: FIELDS }, (_, field) => this.#record.readInt32LE(field * 4));
	}

	#fill(file: number, bytes: Buffer, position: number): void {
		for (let done = 0; done < bytes.length; ) {
			const count = readSync(file, bytes, done, bytes.length - done, position + done);
			if (count === 0) throw new XrightError("IO", `${this.#folder}: the cached rows end too early`);
			done += count;
		}
	}

	#open(): { ids: number; rows: number } {
		if (!this.#files) throw new XrightError("DISPOSED", "The data set is closed.");
		return this.#files;
	}
}
