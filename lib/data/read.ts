import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { XrightError } from "../errors.js";
import { type ByteRow, splitArray, splitLines } from "./split.js";

/** One row of a file: its value, or why it could not be read. `line` counts lines (JSONL) or elements (array) from 1. */
export type RawRow = { line: number; value: unknown } | { line: number; error: string };

export interface ReadOptions {
	/** At most this many rows, from the start of the file. */
	limit?: number | null;
	/** Bytes of the file (as it is on disk) read so far. */
	onBytes?: (bytes: number) => void;
}

const extensions = [".jsonl", ".json", ".jsonl.gz", ".json.gz"];

/** The file of a data set: the path itself, or a folder's `<split>.jsonl` and the like. Throws DATA. */
export async function findDataFile(path: string, split: string | null = null): Promise<string> {
	if (!existsSync(path)) throw new XrightError("DATA", `${path}: no such file or folder`);
	if (!statSync(path).isDirectory()) return path;
	const name = split ?? "train";
	const found = extensions.map((extension) => join(path, name + extension)).find((candidate) => existsSync(candidate));
	if (found) return found;
	const content = (await readdir(path)).slice(0, 8).join(", ") || "nothing";
	throw new XrightError("DATA", `${path}: has no ${name}.jsonl (or .json, .gz); it holds ${content}`, {
		hint: "Set split to the name of one of the files, without its extension.",
	});
}

/** SHA-256 of the file's bytes. Throws DATA when it cannot be read. */
export async function hashFile(path: string): Promise<string> {
	const hash = createHash("sha256");
	try {
		for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
	} catch (error) {
		throw readError(path, error);
	}
	return hash.digest("hex");
}

/**
 * The rows of a JSON array or of JSON lines, plain or gzipped; which of them is told from the content, not the name.
 * Rows that are not valid UTF-8 or JSON are handed out as errors; a file that breaks off throws DATA.
 */
export async function* readRows(path: string, options: ReadOptions = {}): AsyncGenerator<RawRow> {
	const limit = options.limit ?? Number.POSITIVE_INFINITY;
	let count = 0;
	try {
		for await (const row of splitRows(content(path, options.onBytes))) {
			yield parseRow(row);
			if (++count >= limit) return;
		}
	} catch (error) {
		throw readError(path, error);
	}
}

/** The file's bytes, decompressed when they begin like gzip. */
async function* content(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
	if (!(await beginsLikeGzip(path))) {
		yield* stored(path, onBytes);
		return;
	}
	const gunzip = createGunzip();
	const done = pipeline(stored(path, onBytes), gunzip).catch(() => {});
	try {
		yield* gunzip as AsyncIterable<Buffer>;
	} finally {
		gunzip.destroy();
		await done;
	}
}

async function* stored(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
	let bytes = 0;
	for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		onBytes?.(bytes);
		yield chunk;
	}
}

async function beginsLikeGzip(path: string): Promise<boolean> {
	const file = await open(path);
	try {
		const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
		return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
	} finally {
		await file.close();
	}
}

/** An array of rows when the first character is "[", else one row a line. */
async function* splitRows(chunks: AsyncGenerator<Buffer>): AsyncGenerator<ByteRow> {
	let head: Buffer = Buffer.alloc(0);
	try {
		for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
			head = withoutMark(Buffer.concat([head, next.value]));
			if (head.some((byte) => byte > 0x20)) break;
		}
		const first = head.find((byte) => byte > 0x20);
		const all = prepend(head, chunks);
		yield* first === 0x5b ? splitArray(all) : splitLines(all);
	} finally {
		await chunks.return(undefined);
	}
}

async function* prepend(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
	yield head;
	yield* rest;
}

function withoutMark(bytes: Buffer): Buffer {
	return bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseRow({ line, bytes }: ByteRow): RawRow {
	let text: string;
	try {
		text = utf8.decode(bytes);
	} catch {
		return { line, error: "invalid UTF-8" };
	}
	try {
		return { line, value: JSON.parse(text) as unknown };
	} catch {
		return { line, error: "invalid JSON" };
	}
}

function readError(path: string, error: unknown): XrightError {
	if (error instanceof XrightError) return new XrightError(error.code, `${path}: ${error.message}`, { cause: error });
	const { code, message } = error as NodeJS.ErrnoException;
	const compressed = code?.startsWith("Z_") ?? false;
	return new XrightError("DATA", `${path}: ${compressed ? "the gzip data is damaged or incomplete" : message}`, {
		hint: compressed ? "Download or copy the file again." : undefined,
		cause: error,
	});
}
