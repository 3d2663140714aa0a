import { XrightError } from "../../errors.js";
import { bpeModel } from "./bpe.js";
import type { GgufFile } from "./file.js";
import { optionalBoolean, optionalNumbers } from "./values.js";
import { addedTokens, tokenType, type Vocabulary, vocabularyObject } from "./vocabulary.js";

const SPACE = "▁";

/**
 * tokenizer.json of a SentencePiece BPE with byte fallback (`tokenizer.ggml.model` "llama"). SentencePiece joins the
 * neighbours whose union scores best; ranked merges in order of that score do the same. Throws TOKENIZER.
 */
export function sentencePieceTokenizer(file: GgufFile, vocabulary: Vocabulary): Record<string, unknown> {
	const scores = optionalNumbers(file, "tokenizer.ggml.scores");
	if (scores?.length !== vocabulary.tokens.length) {
		throw new XrightError("TOKENIZER", `${file.path}: needs one of tokenizer.ggml.scores for each token`);
	}
	const prefix = optionalBoolean(file, "tokenizer.ggml.add_space_prefix") ?? true;
	const unknown = vocabulary.types.indexOf(tokenType.unknown);
	const replace = { type: "Replace", pattern: { String: " " }, content: SPACE };
	const strip = prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : [];
	return {
		version: "1.0",
		truncation: null,
		padding: null,
		added_tokens: addedTokens(vocabulary),
		normalizer: {
			type: "Sequence",
			normalizers: prefix ? [{ type: "Prepend", prepend: SPACE }, replace] : [replace],
		},
		pre_tokenizer: null,
		post_processor: null,
		decoder: {
			type: "Sequence",
			decoders: [
				{ type: "Replace", pattern: { String: SPACE }, content: " " },
				{ type: "ByteFallback" },
				{ type: "Fuse" },
				...strip,
			],
		},
		model: bpeModel(vocabularyObject(vocabulary), rankedMerges(vocabulary, scores), {
			unk_token: vocabulary.tokens[unknown] ?? null,
			fuse_unk: true,
			byte_fallback: vocabulary.types.includes(tokenType.byte),
		}),
	};
}

/** Every way to join two tokens into a third, best-scored result first. */
function rankedMerges({ tokens, types }: Vocabulary, scores: number[]): [string, string][] {
	const mergeable = new Set(
		tokens.filter((_, id) => types[id] === tokenType.normal || types[id] === tokenType.userDefined),
	);
	const ids = new Map(tokens.map((token, id) => [token, id]));
	const merges: { pair: [string, string]; score: number; left: number; right: number }[] = [];
	for (const token of mergeable) {
		const letters = Array.from(token);
		for (let cut = 1, at = 0; cut < letters.length; cut++) {
			at += (letters[cut - 1] as string).length;
			const pair: [string, string] = [token.slice(0, at), token.slice(at)];
			if (!mergeable.has(pair[0]) || !mergeable.has(pair[1])) continue;
			const score = scores[ids.get(token) as number] as number;
			merges.push({ pair, score, left: ids.get(pair[0]) as number, right: ids.get(pair[1]) as number });
		}
	}
	merges.sort((a, b) => b.score - a.score || a.left - b.left || a.right - b.right);
	return merges.map(({ pair }) => pair);
}
