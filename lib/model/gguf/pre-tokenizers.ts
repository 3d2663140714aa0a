/** How text is cut into words before BPE; the names are llama.cpp's (`tokenizer.ggml.pre`). */
export interface PreTokenizer {
	normalizer: Record<string, unknown> | null;
	/** A word that is a token as it stands is not built from merges. */
	wholeWords: boolean;
	split(addPrefixSpace: boolean): Record<string, unknown>;
}

type Json = Record<string, unknown>;

const byteLevel = (addPrefixSpace: boolean, regex: boolean): Json => ({
	type: "ByteLevel",
	add_prefix_space: addPrefixSpace,
	trim_offsets: true,
	use_regex: regex,
});

const sequence = (...pretokenizers: Json[]): Json => ({ type: "Sequence", pretokenizers });

/** Words by a regular expression of the model's own. */
function byRegex(regex: string, options: { nfc: boolean; wholeWords: boolean }): PreTokenizer {
	const split = { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false };
	return {
		normalizer: options.nfc ? { type: "NFC" } : null,
		wholeWords: options.wholeWords,
		split: (prefix) => sequence(split, byteLevel(prefix, false)),
	};
}

/** GPT-2's words, which the tokenizers library has built in. */
const gpt2: PreTokenizer = { normalizer: null, wholeWords: false, split: (prefix) => byteLevel(prefix, true) };

/** GPT-2's words, every digit on its own. */
const gpt2Digits: PreTokenizer = {
	normalizer: null,
	wholeWords: false,
	split: (prefix) => sequence({ type: "Digits", individual_digits: true }, byteLevel(prefix, true)),
};

/** Llama 3's and Qwen 2's expressions differ only in how many digits (1–3 or 1) stay together. */
const modernWords = (digits: string) =>
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

export const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map([
	["default", gpt2],
	["gpt-2", gpt2],
	["smollm", gpt2Digits],
	["llama-bpe", byRegex(modernWords("\\p{N}{1,3}"), { nfc: false, wholeWords: true })],
	["qwen2", byRegex(modernWords("\\p{N}"), { nfc: true, wholeWords: false })],
]);
