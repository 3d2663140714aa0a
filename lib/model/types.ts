import type { Weights } from "../native/binding.js";

/** A model found on disk (folder, .gguf file, hub cache or catalogue), checked but not loaded. */
export interface ModelFiles {
	/** What the user wrote in `model.path`. */
	source: string;
	/** Local folder or file the weights come from. */
	location: string;
	/** Hugging Face config.json, or its equivalent made from GGUF metadata. */
	config: Record<string, unknown>;
	weights: Weights;
	tokenizer: TokenizerFiles;
	/** Default generation settings when the model ships them (generation_config.json). */
	generationConfig: Record<string, unknown>;
	/** Changes whenever config or weights change (header hashes, sizes, mtimes or content hashes). */
	fingerprint: string;
}

export interface TokenizerFiles {
	/** Parsed tokenizer.json (made from the metadata for GGUF files). */
	tokenizerJson: Record<string, unknown>;
	/** Parsed tokenizer_config.json (BOS/EOS/chat template), {} when absent. */
	tokenizerConfig: Record<string, unknown>;
	/** Chat template (Jinja), null when the model has none. */
	chatTemplate: string | null;
	/** End-of-sequence ids from config/generation_config, for generation. */
	eosTokenIds: number[];
}
