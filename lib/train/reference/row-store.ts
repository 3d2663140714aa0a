import { createHash, randomUUID } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const SUFFIX = ".rows";
const DIGEST = 16;

/**
 * Numbers of rows on disk, for all runs whose key is the same. A record is the row (uint32), its values (float64) and
 * 16 bytes of SHA-256 over key and record: one that is torn, altered, or made for another key does not count. Each
 * writer appends to a file of its own, so that runs at the same time never meet.
 */
export class RowStore {
	readonly #folder: string;
	readonly #key: string;
	readonly #perRow: number;
	readonly #warn: (message: string) => void;
	readonly #own = `${randomUUID()}${SUFFIX}`;
	#writable = true;

	/** `folder` holds a folder for each key. */
	constructor(folder: string, key: string, perRow: number, warn: (message: string) => void) {
		this.#folder = join(folder, key);
		this.#key = key;
		this.#perRow = perRow;
		this.#warn = warn;
	}

	/** Every intact row below `length`. A file with a damaged record is removed: what it held is computed again. */
	async rows(length: number): Promise<Map<number, Float64Array>> {
		const found = new Map<number, Float64Array>();
		const names = await readdir(this.#folder).catch(() => []);
		for (const name of names.filter((entry) => entry.endsWith(SUFFIX))) {
			const path = join(this.#folder, name);
			const rows = this.#read(await readFile(path).catch(() => Buffer.alloc(0)), length);
			if (rows === null) {
				this.#warn(`${path} is damaged; its reference log-probs are computed again`);
				await rm(path, { force: true });
			}
			for (const [row, values] of rows ?? []) found.set(row, values);
		}
		return found;
	}

	/** Adds rows; `values` holds those of each row in order. A disk that cannot be written to is said once, no error. */
	async append(rows: readonly number[], values: Float64Array): Promise<void> {
		const records: Buffer[] = [];
		for (const [position, row] of rows.entries()) {
			const own = values.subarray(position * this.#perRow, (position + 1) * this.#perRow);
			if (own.every(Number.isFinite)) records.push(this.#record(row, own));
		}
		if (records.length === 0 || !this.#writable) return;
		try {
			await mkdir(this.#folder, { recursive: true });
			await appendFile(join(this.#folder, this.#own), Buffer.concat(records));
		} catch (error) {
			this.#writable = false;
			this.#warn(`reference log-probs are not kept in ${this.#folder}: ${(error as Error).message}`);
		}
	}

	#record(row: number, values: Float64Array): Buffer {
		const record = Buffer.alloc(4 + 8 * this.#perRow);
		record.writeUInt32LE(row);
		for (const [index, value] of values.entries()) record.writeDoubleLE(value, 4 + 8 * index);
		return Buffer.concat([record, this.#digest(record)]);
	}

	/** null when a record is damaged; an unfinished one at the end is left out. */
	#read(bytes: Buffer, length: number): Map<number, Float64Array> | null {
		const size = 4 + 8 * this.#perRow + DIGEST;
		const rows = new Map<number, Float64Array>();
		for (let start = 0; start + size <= bytes.length; start += size) {
			const record = bytes.subarray(start, start + size - DIGEST);
			const row = record.readUInt32LE();
			if (!this.#digest(record).equals(bytes.subarray(start + size - DIGEST, start + size))) return null;
			if (row >= length) return null;
			rows.set(
				row,
				Float64Array.from({ length: this.#perRow }, (_, index) => record.readDoubleLE(4 + 8 * index)),
			);
		}
		return rows;
	}

	#digest(record: Buffer): Buffer {
		return createHash("sha256").update(this.#key).update(record).digest().subarray(0, DIGEST);
	}
}
