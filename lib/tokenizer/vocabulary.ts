import { isRecord } from "./specials.js";

type Json = Record<string, unknown>;

/** An id that stands for different tokens in two tokenizer.json; null when every id that both have means the same. */
export function firstDifference(a: Json, b: Json): { id: number; tokens: [string, string] } | null {
	const other = tokensById(b);
	for (const [id, token] of tokensById(a)) {
		const same = other.get(id);
		if (same !== undefined && same !== token) return { id, tokens: [token, same] };
	}
	return null;
}

/** BPE and WordPiece list tokens with their ids, Unigram lists [token, score] in the order of the ids. */
function tokensById(tokenizerJson: Json): Map<number, string> {
	const tokens = new Map<number, string>();
	const vocab = isRecord(tokenizerJson.model) ? tokenizerJson.model.vocab : null;
	if (Array.isArray(vocab)) for (const [id, entry] of vocab.entries()) tokens.set(id, String((entry as unknown[])[0]));
	else if (isRecord(vocab)) for (const [token, id] of Object.entries(vocab)) tokens.set(Number(id), token);
	const added = Array.isArray(tokenizerJson.added_tokens) ? tokenizerJson.added_tokens : [];
	for (const entry of added) if (isRecord(entry)) tokens.set(Number(entry.id), String(entry.content));
	return tokens;
}
