import { fingerprint } from "../fingerprint.js";
import type { ModelFiles } from "../types.js";
import { convertGguf } from "./architectures/index.js";
import { readGguf } from "./file.js";
import { ggufTokenizer } from "./tokenizer.js";

/** A model from one .gguf file: config, tensor table and tokenizer from its header. Throws WEIGHTS, UNKNOWN_MODEL, TOKENIZER. */
export async function readGgufModel(source: string, path: string): Promise<ModelFiles> {
	const file = await readGguf(path);
	const { config, weights } = await convertGguf(file);
	const tokenizer = ggufTokenizer(file);
	return {
		source,
		location: path,
		config,
		weights,
		tokenizer,
		generationConfig: tokenizer.eosTokenIds.length > 0 ? { eos_token_id: tokenizer.eosTokenIds } : {},
		fingerprint: await fingerprint(config, file.digest, weights.files),
	};
}
