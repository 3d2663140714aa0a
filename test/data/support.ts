import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tokenizers from "tokenizers";
import { afterEach } from "vitest";
import { createTokenizer } from "../../lib/tokenizer/tokenizer.js";
import type { Tokenizer, TokenizerSource } from "../../lib/tokenizer/types.js";

export const fixture = (name: string) => new URL(`../fixtures/data/${name}`, import.meta.url).pathname;

/** SmolLM2-Instruct's own chat template. */
export const chatMl = `{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`;

export const ids = { endOfText: 2000, start: 2001, end: 2002 };

/** Files like SmolLM2-Instruct's around torchtune's tokenizer of 2003 tokens (BSD-3-Clause). */
export function tokenizerFiles(change: Partial<TokenizerSource> = {}): TokenizerSource {
	return {
		tokenizerJson: JSON.parse(readFileSync(fixture("tokenizer/tokenizer.json"), "utf8")) as Record<string, unknown>,
		tokenizerConfig: { bos_token: "<|im_start|>", eos_token: "<|im_end|>" },
		chatTemplate: chatMl,
		eosTokenIds: [ids.end],
		...change,
	};
}

export function tinyTokenizer(config: Record<string, unknown> = {}, change: Partial<TokenizerSource> = {}): Tokenizer {
	const files = tokenizerFiles(change);
	return createTokenizer({ ...files, tokenizerConfig: { ...files.tokenizerConfig, ...config } });
}

/** A token for each of the 256 bytes, and EOS. */
export function byteTokenizer(): Tokenizer {
	const vocab = Object.fromEntries(tokenizers.byteLevelAlphabet().map((character, index) => [character, index]));
	const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
	const end = { id: 256, content: "<end>", single_word: false, lstrip: false, rstrip: false, normalized: false };
	return createTokenizer({
		tokenizerJson: {
			version: "1.0",
			added_tokens: [{ ...end, special: true }],
			normalizer: null,
			pre_tokenizer: byteLevel,
			post_processor: null,
			decoder: byteLevel,
			model: { type: "BPE", vocab, merges: [] },
		},
		tokenizerConfig: { eos_token: "<end>" },
		chatTemplate: null,
		eosTokenIds: [],
	});
}

const folders: string[] = [];

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "xright-data-"));
	folders.push(folder);
	return folder;
}

afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function writeFile(name: string, content: string | Uint8Array): string {
	const path = join(temporaryFolder(), name);
	writeFileSync(path, content);
	return path;
}

export function writeRows(rows: readonly unknown[], name = "rows.jsonl"): string {
	return writeFile(name, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const item of items) all.push(item);
	return all;
}
