import { XrightError } from "../../errors.js";
import type { TokenizerFiles } from "../types.js";
import { byteLevelTokenizer } from "./bpe.js";
import type { GgufFile } from "./file.js";
import { sentencePieceTokenizer } from "./sentencepiece.js";
import { optionalBoolean, optionalInteger, optionalString } from "./values.js";
import { readVocabulary, type Vocabulary } from "./vocabulary.js";

/** A `tokenizer.ggml.model` and what it builds from the metadata. */
interface TokenizerKind {
	build(file: GgufFile, vocabulary: Vocabulary): Record<string, unknown>;
	/** llama.cpp adds BOS when the file does not say. */
	addsBos(file: GgufFile): boolean;
}

const kinds = new Map<string, TokenizerKind>([
	["gpt2", { build: byteLevelTokenizer, addsBos: (f) => optionalString(f, "tokenizer.ggml.pre") === "llama-bpe" }],
	["llama", { build: sentencePieceTokenizer, addsBos: () => true }],
]);

/** Makes the equivalents of tokenizer.json and tokenizer_config.json from a GGUF file's metadata. Throws TOKENIZER. */
export function ggufTokenizer(file: GgufFile): TokenizerFiles {
	const model = optionalString(file, "tokenizer.ggml.model");
	const kind = model === undefined ? undefined : kinds.get(model);
	if (!kind) {
		throw new XrightError(
			"TOKENIZER",
			`${file.path}: tokenizer.ggml.model ${JSON.stringify(model ?? null)} is not supported`,
			{
				hint: `Supported: ${[...kinds.keys()].join(", ")}. Use the model's safetensors folder instead.`,
			},
		);
	}
	const vocabulary = readVocabulary(file);
	const tokenizerJson = kind.build(file, vocabulary);
	const addBos = optionalBoolean(file, "tokenizer.ggml.add_bos_token") ?? kind.addsBos(file);
	const bos = addBos ? token(file, vocabulary, "bos") : undefined;
	if (bos) tokenizerJson.post_processor = bosTemplate(bos);
	const chatTemplate = optionalString(file, "tokenizer.chat_template") ?? null;
	return {
		tokenizerJson,
		tokenizerConfig: {
			tokenizer_class: "PreTrainedTokenizerFast",
			clean_up_tokenization_spaces: false,
			...special(file, vocabulary),
			add_bos_token: bos !== undefined,
			...(chatTemplate !== null && { chat_template: chatTemplate }),
		},
		chatTemplate,
		eosTokenIds: endIds(file),
	};
}

interface NamedToken {
	id: number;
	text: string;
}

const ggmlNames = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" } as const;

function token(file: GgufFile, vocabulary: Vocabulary, name: keyof typeof ggmlNames): NamedToken | undefined {
	const key = `tokenizer.ggml.${ggmlNames[name]}_token_id`;
	const id = optionalInteger(file, key);
	if (id === undefined) return undefined;
	const text = vocabulary.tokens[id];
	if (text === undefined) {
		throw new XrightError("TOKENIZER", `${file.path}: ${key} ${id} is outside the ${vocabulary.tokens.length} tokens`);
	}
	return { id, text };
}

function special(file: GgufFile, vocabulary: Vocabulary): Record<string, string> {
	const entries: [string, string][] = [];
	for (const name of Object.keys(ggmlNames) as (keyof typeof ggmlNames)[]) {
		const found = token(file, vocabulary, name);
		if (found) entries.push([`${name}_token`, found.text]);
	}
	return Object.fromEntries(entries);
}

function endIds(file: GgufFile): number[] {
	const ids = ["eos", "eot"].map((name) => optionalInteger(file, `tokenizer.ggml.${name}_token_id`));
	return [...new Set(ids.filter((id) => id !== undefined))];
}

/** Post-processor that puts BOS before every sequence. */
function bosTemplate(bos: NamedToken): Record<string, unknown> {
	const special = { SpecialToken: { id: bos.text, type_id: 0 } };
	const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
	return {
		type: "TemplateProcessing",
		single: [special, sequence("A", 0)],
		pair: [special, sequence("A", 0), { SpecialToken: { id: bos.text, type_id: 1 } }, sequence("B", 1)],
		special_tokens: { [bos.text]: { id: bos.text, ids: [bos.id], tokens: [bos.text] } },
	};
}
