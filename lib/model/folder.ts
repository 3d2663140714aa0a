import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../errors.js";
import { fileError, readJsonIfPresent } from "./files.js";
import { fingerprint } from "./fingerprint.js";
import { readFolderTokenizer } from "./folder-tokenizer.js";
import { readGgufModel } from "./gguf/model.js";
import { INDEX } from "./hub/cache.js";
import { type HeaderedWeights, readSharded, readSingle } from "./shards.js";
import type { ModelFiles } from "./types.js";

/** A model folder in Hugging Face's layout (or holding one .gguf file). Throws CONFIG, WEIGHTS, TOKENIZER, IO. */
export async function readModelFolder(source: string, folder: string): Promise<ModelFiles> {
	const names = await readdir(folder).catch((cause: unknown) => {
		throw fileError(folder, cause, "WEIGHTS");
	});
	const config = await readJsonIfPresent(join(folder, "config.json"), "CONFIG");
	if (config === null) {
		const gguf = names.filter((name) => name.endsWith(".gguf"));
		if (gguf.length === 1) return readGgufModel(source, join(folder, gguf[0] as string));
		throw noConfig(folder, names, gguf);
	}
	if (typeof config.model_type !== "string" || config.model_type === "") {
		throw new XrightError("CONFIG", `${join(folder, "config.json")}: "model_type" is missing`);
	}
	const { weights, digest } = await readWeights(folder, names);
	const generationConfig = (await readJsonIfPresent(join(folder, "generation_config.json"), "CONFIG")) ?? {};
	return {
		source,
		location: folder,
		config,
		weights,
		tokenizer: await readFolderTokenizer(folder, config, generationConfig),
		generationConfig,
		fingerprint: await fingerprint(config, digest, weights.files),
	};
}

function noConfig(folder: string, names: string[], gguf: string[]): XrightError {
	if (names.includes("adapter_config.json")) {
		return new XrightError("CONFIG", `${folder}: is an adapter folder, not a model`, {
			hint: "Set model.path to the adapter's base model and adapter.init to this folder.",
		});
	}
	if (gguf.length > 1) {
		return new XrightError("CONFIG", `${folder}: holds ${gguf.length} .gguf files (${gguf.slice(0, 3).join(", ")})`, {
			hint: "Give the path of one of the files as model.path.",
		});
	}
	return new XrightError("CONFIG", `${folder}: has no config.json`, {
		hint: "model.path must be a folder with config.json, tokenizer.json and model.safetensors, or a .gguf file.",
	});
}

/** One file before an index before any single other file, as transformers does. */
async function readWeights(folder: string, names: string[]): Promise<HeaderedWeights> {
	if (names.includes("model.safetensors")) return readSingle(join(folder, "model.safetensors"));
	if (names.includes(INDEX)) return readSharded(folder, INDEX);
	const others = names.filter((name) => name.endsWith(".safetensors") && !name.startsWith("adapter_"));
	if (others.length === 1) return readSingle(join(folder, others[0] as string));
	if (others.length > 1) {
		throw new XrightError("WEIGHTS", `${folder}: ${others.length} .safetensors files but no ${INDEX}`);
	}
	const pickles = names.filter((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
	if (pickles.length === 0) throw new XrightError("WEIGHTS", `${folder}: has no model.safetensors`);
	throw new XrightError("WEIGHTS", `${folder}: its weights (${pickles[0]}) are Python pickles, which are never read`, {
		hint: "A pickle can run code when opened; save the model as safetensors (save_pretrained does so by default).",
	});
}
