import { readSync } from "node:fs";
import { XrightError } from "../../errors.js";
import { decodeUtf8 } from "../files.js";

const WINDOW = 1 << 20;

/**
 * Little-endian cursor over the start of a file, through a window of one megabyte. Every length is checked against the
 * bytes that really follow before anything is allocated. Throws WEIGHTS.
 */
export class ByteReader {
	readonly path: string;
	readonly size: number;
	readonly #fd: number;
	/** The cursor may not pass this byte: a header larger than any real one is a lie. */
	readonly #limit: number;
	#window: Buffer = Buffer.alloc(0);
	#windowStart = 0;
	#position = 0;

	constructor(path: string, fd: number, size: number, limit: number) {
		this.path = path;
		this.size = size;
		this.#fd = fd;
		this.#limit = Math.min(size, limit);
	}

	get position(): number {
		return this.#position;
	}

	/** Bytes left before the end of the file or of the largest header allowed. */
	get remaining(): number {
		return this.#limit - this.#position;
	}

	fail(why: string): XrightError {
		return new XrightError("WEIGHTS", `${this.path}: ${why} (byte ${this.#position})`, {
			hint: "The file is damaged or not GGUF; download or convert it again.",
		});
	}

	/** The next `length` bytes; valid until the next call. */
	bytes(length: number): Buffer {
		if (length > this.remaining) throw this.fail(`needs ${length} bytes, ${this.remaining} are left`);
		if (this.#position + length > this.#windowStart + this.#window.length) this.#fill(length);
		const at = this.#position - this.#windowStart;
		this.#position += length;
		return this.#window.subarray(at, at + length);
	}

	#fill(length: number): void {
		const wanted = Math.min(Math.max(length, WINDOW), this.#limit - this.#position);
		const window = Buffer.allocUnsafe(wanted);
		for (let done = 0; done < wanted; ) {
			const read = readSync(this.#fd, window, done, wanted - done, this.#position + done);
			if (read === 0) throw this.fail("the file became shorter while being read");
			done += read;
		}
		this.#window = window;
		this.#windowStart = this.#position;
	}

	u32(): number {
		return this.bytes(4).readUInt32LE();
	}

	/** An unsigned 64-bit count, refused above `most`. */
	count(what: string, most: number): number {
		const value = this.bytes(8).readBigUInt64LE();
		if (value > BigInt(most)) throw this.fail(`${what} is ${value}, more than ${most}`);
		return Number(value);
	}

	/** A UTF-8 string with a 64-bit length in front. */
	string(what: string, most: number): string {
		const length = this.count(`the length of ${what}`, Math.min(most, Math.max(0, this.remaining - 8)));
		const text = decodeUtf8(this.bytes(length));
		if (text === null) throw this.fail(`${what} is not UTF-8`);
		return text;
	}
}
