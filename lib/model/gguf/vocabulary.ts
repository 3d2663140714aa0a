import { XrightError } from "../../errors.js";
import type { GgufFile } from "./file.js";
import { optionalNumbers, optionalStrings } from "./values.js";

/** llama.cpp's token types. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Vocabulary {
	/** Text of each id, as the model stores it (byte-level letters or ▁). */
	tokens: string[];
	types: number[];
}

/** Reads tokens and their types (all normal when absent). Throws TOKENIZER. */
export function readVocabulary(file: GgufFile): Vocabulary {
	const tokens = optionalStrings(file, "tokenizer.ggml.tokens");
	if (!tokens || tokens.length === 0) throw bad(file, "has no tokenizer.ggml.tokens");
	const types = optionalNumbers(file, "tokenizer.ggml.token_type") ?? tokens.map(() => tokenType.normal);
	if (types.length !== tokens.length) throw bad(file, `has ${tokens.length} tokens but ${types.length} token types`);
	const seen = new Map<string, number>();
	for (const [id, token] of tokens.entries()) {
		const other = seen.get(token);
		if (other !== undefined) throw bad(file, `has the token ${JSON.stringify(token)} twice (ids ${other} and ${id})`);
		seen.set(token, id);
	}
	return { tokens, types };
}

/** The vocabulary as tokenizer.json wants it; own properties only, whatever the tokens are called. */
export function vocabularyObject(vocabulary: Vocabulary): Record<string, number> {
	return Object.fromEntries(vocabulary.tokens.map((token, id) => [token, id]));
}

/** Control, unknown and user-defined tokens, which are matched in the text before anything else. */
export function addedTokens(vocabulary: Vocabulary): Record<string, unknown>[] {
	const { control, unknown, userDefined } = tokenType;
	return vocabulary.tokens.flatMap((content, id) => {
		const type = vocabulary.types[id] ?? tokenType.normal;
		if (type !== control && type !== unknown && type !== userDefined) return [];
		const special = type !== userDefined;
		return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
	});
}

function bad(file: GgufFile, why: string): XrightError {
	return new XrightError("TOKENIZER", `${file.path}: ${why}`);
}
