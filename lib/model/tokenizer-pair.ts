import { join } from "node:path";
import { XrightError } from "../errors.js";
import { isRecord, readJsonIfPresent, readTextIfPresent } from "./files.js";
import { bpeModel } from "./gguf/bpe.js";
import { preTokenizers } from "./gguf/pre-tokenizers.js";

type Json = Record<string, unknown>;

/** tokenizer.json from GPT-2's older pair vocab.json + merges.txt; null when they are not there. Throws TOKENIZER. */
export async function tokenizerFromPair(folder: string, tokenizerConfig: Json): Promise<Json | null> {
	const vocab = await readJsonIfPresent(join(folder, "vocab.json"), "TOKENIZER");
	const merges = await readTextIfPresent(join(folder, "merges.txt"), "TOKENIZER");
	if (vocab === null || merges === null) return null;
	for (const [token, id] of Object.entries(vocab)) {
		if (!Number.isSafeInteger(id) || (id as number) < 0) {
			throw new XrightError("TOKENIZER", `${join(folder, "vocab.json")}: ${JSON.stringify(token)} has no valid id`);
		}
	}
	const prefix = tokenizerConfig.add_prefix_space === true;
	return {
		version: "1.0",
		truncation: null,
		padding: null,
		added_tokens: specialTokens(vocab as Record<string, number>, tokenizerConfig),
		normalizer: null,
		pre_tokenizer: preTokenizers.get("gpt-2")?.split(prefix) ?? null,
		post_processor: null,
		decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
		model: bpeModel(vocab as Record<string, number>, parseMerges(join(folder, "merges.txt"), merges), {}),
	};
}

/** One merge a line, two tokens with a space between; the first line may be a `#version` comment. */
function parseMerges(path: string, text: string): [string, string][] {
	const merges: [string, string][] = [];
	for (const [i, line] of text.split("\n").entries()) {
		if (line === "" || (i === 0 && line.startsWith("#version"))) continue;
		const parts = line.replace(/\r$/, "").split(" ");
		if (parts.length !== 2 || parts.includes("")) {
			throw new XrightError("TOKENIZER", `${path}:${i + 1}: ${JSON.stringify(line)} is not two tokens`);
		}
		merges.push(parts as [string, string]);
	}
	return merges;
}

/** Tokens that tokenizer_config.json names and the vocabulary has; GPT-2's own end token when it names none. */
function specialTokens(vocab: Record<string, number>, tokenizerConfig: Json): Json[] {
	const named = ["bos_token", "eos_token", "unk_token", "pad_token"].flatMap((key) => {
		const value = tokenizerConfig[key];
		const content = isRecord(value) ? value.content : value;
		return typeof content === "string" ? [content] : [];
	});
	const contents = named.length > 0 ? named : ["<|endoftext|>"];
	const known = [...new Set(contents)].filter((content) => Object.hasOwn(vocab, content));
	const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
	return known
		.map((content) => ({ id: vocab[content], content, ...flags }))
		.sort((a, b) => Number(a.id) - Number(b.id));
}
