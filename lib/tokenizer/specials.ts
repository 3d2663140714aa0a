import type { TokenizerSource } from "./types.js";

type Json = Record<string, unknown>;

export function isRecord(value: unknown): value is Json {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A special token of tokenizer_config.json, written as a string or as an object with `content`. */
export function specialToken(config: Json, key: string): string | null {
	const value = config[key];
	const content = isRecord(value) ? value.content : value;
	return typeof content === "string" && content !== "" ? content : null;
}

/** Special tokens that tokenizer.json's post-processor puts before a text, by name. */
export function leadingTokens(postProcessor: unknown): string[] {
	if (!isRecord(postProcessor)) return [];
	const { type } = postProcessor;
	if (type === "Sequence" && Array.isArray(postProcessor.processors)) {
		return postProcessor.processors.flatMap(leadingTokens);
	}
	if (type === "RobertaProcessing" || type === "BertProcessing") {
		return Array.isArray(postProcessor.cls) ? [String(postProcessor.cls[0])] : [];
	}
	if (type !== "TemplateProcessing" || !Array.isArray(postProcessor.single)) return [];
	const names: string[] = [];
	for (const piece of postProcessor.single) {
		if (!isRecord(piece) || !isRecord(piece.SpecialToken)) break;
		names.push(String(piece.SpecialToken.id));
	}
	return names;
}

export interface Specials {
	bos: string | null;
	addBos: boolean;
	eos: string | null;
	pad: string | null;
}

/**
 * BOS is added when tokenizer_config.json says so (`add_bos_token`); when it is silent, when the post-processor puts a
 * special token in front.
 */
export function findSpecials(source: TokenizerSource): Specials {
	const { tokenizerConfig: config, tokenizerJson } = source;
	const leading = leadingTokens(tokenizerJson.post_processor);
	const bos = specialToken(config, "bos_token") ?? leading[0] ?? null;
	const asked = config.add_bos_token;
	const addBos = bos !== null && (typeof asked === "boolean" ? asked : leading.includes(bos));
	return { bos, addBos, eos: specialToken(config, "eos_token"), pad: specialToken(config, "pad_token") };
}
