import type { StreamDecoder } from "./types.js";

/** What a decoder gives for bytes that are not (yet) a character. */
const INCOMPLETE = "\ufffd";

/**
 * Text of a growing list of tokens. Each new piece is decoded together with the piece before it, because some
 * tokenizers write a token differently at the start of a text.
 */
export class IncrementalDecoder implements StreamDecoder {
	readonly #decode: (ids: number[]) => Promise<string>;
	/** Tokens of the last piece handed out, then those still to come. */
	#ids: number[] = [];
	/** How many of `#ids` have been handed out. */
	#given = 0;

	constructor(decode: (ids: number[]) => Promise<string>) {
		this.#decode = decode;
	}

	async push(id: number): Promise<string> {
		this.#ids.push(id);
		return this.#next(false);
	}

	async flush(): Promise<string> {
		return this.#given < this.#ids.length ? this.#next(true) : "";
	}

	async #next(last: boolean): Promise<string> {
		const before = await this.#decode(this.#ids.slice(0, this.#given));
		const all = await this.#decode(this.#ids);
		if (!last && (all.endsWith(INCOMPLETE) || all.length <= before.length)) return "";
		this.#ids = this.#ids.slice(this.#given);
		this.#given = this.#ids.length;
		return all.slice(before.length);
	}
}
