import { XrightError } from "../../errors.js";
import type { GgufFile } from "./file.js";
import { preTokenizers } from "./pre-tokenizers.js";
import { optionalBoolean, optionalString, optionalStrings } from "./values.js";
import { addedTokens, type Vocabulary, vocabularyObject } from "./vocabulary.js";

/** tokenizer.json of a byte-level BPE (`tokenizer.ggml.model` "gpt2"). Throws TOKENIZER. */
export function byteLevelTokenizer(file: GgufFile, vocabulary: Vocabulary): Record<string, unknown> {
	const merges = optionalStrings(file, "tokenizer.ggml.merges");
	if (!merges) throw new XrightError("TOKENIZER", `${file.path}: has no tokenizer.ggml.merges`);
	const name = optionalString(file, "tokenizer.ggml.pre") ?? "default";
	const pre = preTokenizers.get(name);
	if (!pre) {
		throw new XrightError("TOKENIZER", `${file.path}: tokenizer.ggml.pre "${name}" is not supported`, {
			hint: `Supported: ${[...preTokenizers.keys()].join(", ")}. Use the model's safetensors folder instead.`,
		});
	}
	const prefix = optionalBoolean(file, "tokenizer.ggml.add_space_prefix") ?? false;
	return {
		version: "1.0",
		truncation: null,
		padding: null,
		added_tokens: addedTokens(vocabulary),
		normalizer: pre.normalizer,
		pre_tokenizer: pre.split(prefix),
		post_processor: null,
		decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
		model: bpeModel(vocabularyObject(vocabulary), parseMerges(file.path, merges, vocabulary), {
			ignore_merges: pre.wholeWords,
		}),
	};
}

/** The `model` part of tokenizer.json for BPE. */
export function bpeModel(
	vocab: Record<string, number>,
	merges: [string, string][],
	options: Record<string, unknown>,
): Record<string, unknown> {
	return {
		type: "BPE",
		dropout: null,
		unk_token: null,
		continuing_subword_prefix: null,
		end_of_word_suffix: null,
		fuse_unk: false,
		byte_fallback: false,
		ignore_merges: false,
		...options,
		vocab,
		merges,
	};
}

/** Splits each merge at its one space and checks that both parts and their union are tokens. Throws TOKENIZER. */
function parseMerges(path: string, merges: string[], vocabulary: Vocabulary): [string, string][] {
	const known = new Set(vocabulary.tokens);
	return merges.map((merge, i) => {
		const space = merge.indexOf(" ");
		const pair: [string, string] = [merge.slice(0, space), merge.slice(space + 1)];
		if (space < 1 || ![...pair, pair.join("")].every((token) => known.has(token))) {
			throw new XrightError(
				"TOKENIZER",
				`${path}: merge ${i} (${JSON.stringify(merge)}) does not join two tokens into one`,
			);
		}
		return pair;
	});
}
