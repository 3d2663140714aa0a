import { createHash } from "node:crypto";
import tokenizers from "tokenizers";
import { XrightError } from "../errors.js";
import { type ChatTemplate, ChatTemplateError, compileChatTemplate } from "./chat-template.js";
import { riskOf } from "./patterns.js";
import { findSpecials, isRecord, specialToken } from "./specials.js";
import { IncrementalDecoder } from "./stream-decoder.js";
import type { ChatMessage, RenderOptions, StreamDecoder, Tokenizer, TokenizerSource } from "./types.js";

type Json = Record<string, unknown>;
type Encoder = InstanceType<typeof tokenizers.Tokenizer>;

/** Longest text in UTF-16 units: the pattern engine gives up, and the process with it, after ten million steps. */
const MAX_TEXT = 1 << 22;
/** Texts that are encoded at the same time. */
const PARALLEL = 256;

/** Throws TOKENIZER when the files do not make a tokenizer with an end-of-sequence token. */
export function createTokenizer(source: TokenizerSource): Tokenizer {
	return new HuggingFaceTokenizer(source, loadEncoder(source.tokenizerJson));
}

/** The text is always encoded whole and always the same way, so padding, truncation and BPE dropout are left out. */
function loadEncoder(tokenizerJson: Json): Encoder {
	checkPatterns(tokenizerJson);
	const model = isRecord(tokenizerJson.model) ? { ...tokenizerJson.model } : tokenizerJson.model;
	if (isRecord(model) && "dropout" in model) model.dropout = null;
	try {
		const json = JSON.stringify({ ...tokenizerJson, model, truncation: null, padding: null });
		return tokenizers.Tokenizer.fromString(json);
	} catch (error) {
		throw new XrightError("TOKENIZER", `tokenizer.json cannot be used: ${(error as Error).message}`, {
			hint: "Save it again with a current version of transformers: tokenizer.save_pretrained(folder).",
			cause: error,
		});
	}
}

function checkPatterns(tokenizerJson: Json): void {
	for (const part of ["normalizer", "pre_tokenizer", "post_processor", "decoder"]) {
		for (const pattern of patternsIn(tokenizerJson[part])) {
			const risk = riskOf(pattern);
			if (risk === null) continue;
			const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
			throw new XrightError("TOKENIZER", `tokenizer.json: ${part} has an unsafe pattern ${shown}: ${risk}`, {
				hint: "Such a pattern can stall on some texts; use the tokenizer of the original model.",
			});
		}
	}
}

function patternsIn(part: unknown): string[] {
	if (Array.isArray(part)) return part.flatMap(patternsIn);
	if (!isRecord(part)) return [];
	return Object.entries(part).flatMap(([key, value]) =>
		key === "Regex" && typeof value === "string" ? [value] : patternsIn(value),
	);
}

class HuggingFaceTokenizer implements Tokenizer {
	readonly vocabSize: number;
	readonly bosId: number | null;
	readonly addBos: boolean;
	readonly eosId: number;
	readonly padId: number | null;
	readonly stopIds: readonly number[];
	readonly fingerprint: string;
	readonly hasChatTemplate: boolean;
	readonly #encoder: Encoder;
	readonly #source: TokenizerSource;
	#template: ChatTemplate | null = null;
	#chatEnd: Promise<number> | null = null;

	constructor(source: TokenizerSource, encoder: Encoder) {
		this.#encoder = encoder;
		this.#source = source;
		this.vocabSize = encoder.getVocabSize(true);
		const specials = findSpecials(source);
		this.bosId = this.#idOf(specials.bos, "bos_token");
		this.addBos = specials.addBos;
		this.padId = specials.pad === null ? null : encoder.tokenToId(specials.pad);
		const eosId = this.#idOf(specials.eos, "eos_token") ?? source.eosTokenIds[0];
		if (eosId === undefined) {
			throw new XrightError("TOKENIZER", "The tokenizer names no end-of-sequence token.", {
				hint: 'Set "eos_token" in tokenizer_config.json or "eos_token_id" in config.json.',
			});
		}
		this.eosId = eosId;
		this.stopIds = [...new Set([eosId, ...source.eosTokenIds])];
		this.hasChatTemplate = source.chatTemplate !== null;
		this.fingerprint = fingerprintOf(source);
	}

	async encode(text: string): Promise<Int32Array> {
		if (text.length > MAX_TEXT) throw new XrightError("TOKENIZER", `A text is longer than ${MAX_TEXT} characters.`);
		const encoding = await this.#encoder.encode(text, null, { addSpecialTokens: false });
		return Int32Array.from(encoding.getIds());
	}

	async encodeBatch(texts: readonly string[]): Promise<Int32Array[]> {
		const results: Int32Array[] = [];
		for (let start = 0; start < texts.length; start += PARALLEL) {
			const group = texts.slice(start, start + PARALLEL);
			results.push(...(await Promise.all(group.map((text) => this.encode(text)))));
		}
		return results;
	}

	async decode(ids: Iterable<number>, options: { skipSpecial?: boolean } = {}): Promise<string> {
		return this.#encoder.decode([...ids], options.skipSpecial ?? false);
	}

	streamDecoder(): StreamDecoder {
		return new IncrementalDecoder((ids) => this.decode(ids, { skipSpecial: true }));
	}

	renderChat(messages: readonly ChatMessage[], options: RenderOptions): string {
		this.#template ??= this.#compile();
		return this.#template.render(messages, options);
	}

	chatEndId(): Promise<number> {
		this.#chatEnd ??= this.#findChatEnd();
		return this.#chatEnd;
	}

	#compile(): ChatTemplate {
		const { chatTemplate, tokenizerConfig } = this.#source;
		if (chatTemplate === null) {
			throw new XrightError("TOKENIZER", "The model has no chat template, so it cannot take lists of messages.", {
				hint: "Use an instruction-tuned model, or data with plain strings.",
			});
		}
		const specials: Record<string, string> = {};
		for (const key of ["bos_token", "eos_token", "unk_token", "pad_token"]) {
			const token = specialToken(tokenizerConfig, key);
			if (token !== null) specials[key] = token;
		}
		return compileChatTemplate(chatTemplate, specials);
	}

	/** Renders a short exchange and looks at the token right behind the answer. */
	async #findChatEnd(): Promise<number> {
		const answer = "answer";
		const messages = [
			{ role: "user", content: "question" },
			{ role: "assistant", content: answer },
		];
		let text: string;
		try {
			text = this.renderChat(messages, { addGenerationPrompt: false });
		} catch (error) {
			if (error instanceof ChatTemplateError) return this.eosId;
			throw error;
		}
		const [end] = await this.encode(text.slice(text.lastIndexOf(answer) + answer.length).trimStart());
		return end !== undefined && this.stopIds.includes(end) ? end : this.eosId;
	}

	#idOf(token: string | null, key: string): number | null {
		if (token === null) return null;
		const id = this.#encoder.tokenToId(token);
		if (id !== null) return id;
		throw new XrightError(
			"TOKENIZER",
			`tokenizer_config.json: ${key} ${JSON.stringify(token)} is not in the vocabulary`,
		);
	}
}

function fingerprintOf(source: TokenizerSource): string {
	const { tokenizerJson, tokenizerConfig, chatTemplate, eosTokenIds } = source;
	const { chat_template: _, ...config } = tokenizerConfig;
	const parts = [tokenizerJson, config, chatTemplate, eosTokenIds].map((part) => JSON.stringify(part));
	return createHash("sha256").update(parts.join("\0")).digest("hex");
}
