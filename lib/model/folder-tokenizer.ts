import { join } from "node:path";
import { XrightError } from "../errors.js";
import { isRecord, readJsonIfPresent, readTextIfPresent } from "./files.js";
import { tokenizerFromPair } from "./tokenizer-pair.js";
import type { TokenizerFiles } from "./types.js";

type Json = Record<string, unknown>;

/** Tokenizer files of a model folder: tokenizer.json, or GPT-2's vocab.json with merges.txt. Throws TOKENIZER. */
export async function readFolderTokenizer(folder: string, config: Json, generation: Json): Promise<TokenizerFiles> {
	const tokenizerConfig = (await readJsonIfPresent(join(folder, "tokenizer_config.json"), "TOKENIZER")) ?? {};
	const tokenizerJson =
		(await readJsonIfPresent(join(folder, "tokenizer.json"), "TOKENIZER")) ??
		(await tokenizerFromPair(folder, tokenizerConfig));
	if (tokenizerJson === null) {
		throw new XrightError("TOKENIZER", `${folder}: has no tokenizer.json`, {
			hint: "Save it with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(folder).",
		});
	}
	if (!isRecord(tokenizerJson.model)) {
		throw new XrightError("TOKENIZER", `${join(folder, "tokenizer.json")}: "model" is missing`);
	}
	return {
		tokenizerJson,
		tokenizerConfig,
		chatTemplate: await readChatTemplate(folder, tokenizerConfig),
		eosTokenIds: endIds(tokenizerJson, tokenizerConfig, [generation.eos_token_id, config.eos_token_id]),
	};
}

/** chat_template.jinja wins over the ones inside JSON; of several named ones "default" is taken. */
async function readChatTemplate(folder: string, tokenizerConfig: Json): Promise<string | null> {
	const file = await readTextIfPresent(join(folder, "chat_template.jinja"), "TOKENIZER", 16 * 1024 * 1024);
	if (file !== null) return file;
	const separate = await readJsonIfPresent(join(folder, "chat_template.json"), "TOKENIZER");
	const template = tokenizerConfig.chat_template ?? separate?.chat_template;
	if (typeof template === "string") return template;
	if (!Array.isArray(template)) return null;
	const named = template.find((entry) => isRecord(entry) && entry.name === "default");
	return isRecord(named) && typeof named.template === "string" ? named.template : null;
}

/** The first candidate that is an id or a list of ids, else the id of `eos_token` among the added tokens. */
function endIds(tokenizerJson: Json, tokenizerConfig: Json, candidates: unknown[]): number[] {
	for (const candidate of candidates) {
		const ids = (Array.isArray(candidate) ? candidate : [candidate]).filter(isId);
		if (ids.length > 0) return ids;
	}
	const eos = isRecord(tokenizerConfig.eos_token) ? tokenizerConfig.eos_token.content : tokenizerConfig.eos_token;
	const added = Array.isArray(tokenizerJson.added_tokens) ? tokenizerJson.added_tokens : [];
	const found = added.find((token) => isRecord(token) && token.content === eos);
	return isRecord(found) && isId(found.id) ? [found.id] : [];
}

function isId(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}
