import { XrightError } from "../errors.js";

/** The bytes of one row and its number from 1: the line, or the element of the array. */
export interface ByteRow {
	line: number;
	bytes: Buffer;
}

/** Longest row in bytes. A longer one means that the file is something else; the tokenizer would not take it either. */
const MAX_ROW = 1 << 22;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];

/** Lines that are not blank; "\r\n" is a line end too. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<ByteRow> {
	const pending = new Pending();
	let line = 1;
	for await (const chunk of chunks) {
		let start = 0;
		for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
			const bytes = pending.take(chunk.subarray(start, end));
			if (!isBlank(bytes)) yield { line, bytes };
			line++;
			start = end + 1;
		}
		pending.add(chunk.subarray(start), line);
	}
	const bytes = pending.take(Buffer.alloc(0));
	if (!isBlank(bytes)) yield { line, bytes };
}

/** Elements of a JSON array, found by counting brackets outside of strings. Throws DATA when the array is not closed. */
export async function* splitArray(chunks: AsyncIterable<Buffer>): AsyncGenerator<ByteRow> {
	const pending = new Pending();
	let depth = 0;
	let quoted = false;
	let escaped = false;
	let line = 1;
	for await (const chunk of chunks) {
		let start = 0;
		for (let at = 0; at < chunk.length; at++) {
			const byte = chunk[at] as number;
			if (quoted) {
				if (escaped) escaped = false;
				else if (byte === BACKSLASH) escaped = true;
				else if (byte === QUOTE) quoted = false;
				continue;
			}
			if (byte === QUOTE) quoted = true;
			else if (OPEN.includes(byte)) {
				if (depth++ === 0) start = at + 1;
			} else if (CLOSE.includes(byte)) depth--;
			if (depth > 1 || (byte !== COMMA && depth > 0) || (depth === 0 && !CLOSE.includes(byte))) continue;
			const bytes = pending.take(chunk.subarray(start, at));
			if (depth === 1 || !isBlank(bytes)) yield { line: line++, bytes };
			if (depth === 0) return;
			start = at + 1;
		}
		pending.add(chunk.subarray(start), line);
	}
	throw new XrightError("DATA", `the JSON array breaks off in element ${line}`, { hint: "Copy the file again." });
}

/** The beginning of a row whose end is in a later chunk. */
class Pending {
	#pieces: Buffer[] = [];
	#size = 0;

	add(piece: Buffer, line: number): void {
		this.#pieces.push(piece);
		this.#size += piece.length;
		if (this.#size > MAX_ROW) {
			throw new XrightError("DATA", `row ${line} is longer than ${MAX_ROW >> 20} MB`, {
				hint: "Data files hold one JSON object a line, or a JSON array of objects.",
			});
		}
	}

	take(last: Buffer): Buffer {
		const bytes = this.#pieces.length > 0 ? Buffer.concat([...this.#pieces, last]) : last;
		this.#pieces = [];
		this.#size = 0;
		return bytes;
	}
}

function isBlank(bytes: Buffer): boolean {
	return bytes.every((byte) => byte <= 0x20);
}
