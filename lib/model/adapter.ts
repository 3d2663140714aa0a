import { join } from "node:path";
import { XrightError } from "../errors.js";
import type { TensorSource, Weights } from "../native/binding.js";
import { readAdapterConfig } from "./adapter-config.js";
import { fingerprint } from "./fingerprint.js";
import { isFolder } from "./hub/cache.js";
import { readSafetensorsHeader } from "./safetensors.js";

export interface PeftConfig {
	rank: number;
	alpha: number;
	/** What the adapter was trained with. */
	dropout: number;
	rsLora: boolean;
	/** Dotted names of the modules that carry the adapter, without PEFT's `base_model.model.` prefix. */
	targets: string[];
	/** Model the adapter was made for, as its author named it. */
	baseModel: string | null;
}

export interface AdapterFiles {
	config: PeftConfig;
	weights: Weights;
	/** Changes whenever the configuration or the weights change. */
	fingerprint: string;
}

const WEIGHTS_NAME = "adapter_model.safetensors";
const tensorName = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/**
 * Reads a LoRA adapter in PEFT's layout (adapter_config.json, adapter_model.safetensors). The targets are the modules
 * that have weights. Throws CONFIG for options that are not supported, WEIGHTS for files that do not fit together.
 */
export async function readAdapter(folder: string): Promise<AdapterFiles> {
	if (!(await isFolder(folder))) {
		throw new XrightError("CONFIG", `${folder}: no such adapter folder`);
	}
	const { raw, rank, ...options } = await readAdapterConfig(join(folder, "adapter_config.json"));
	const path = join(folder, WEIGHTS_NAME);
	const header = await readSafetensorsHeader(path);
	const targets = checkPairs(path, header.tensors, rank);
	const weights = { files: [path], tensors: header.tensors };
	return {
		config: { rank, ...options, targets },
		weights,
		fingerprint: await fingerprint(raw, header.digest, weights.files),
	};
}

/** Every module has A [rank, in] and B [out, rank]. Returns the modules' names, sorted. */
function checkPairs(path: string, tensors: TensorSource[], rank: number): string[] {
	const modules = new Map<string, Set<string>>();
	for (const { name, shape, dtype } of tensors) {
		const [, module, side] = tensorName.exec(name) ?? [];
		if (!module || !side)
			throw new XrightError("WEIGHTS", `${path}: "${name}" is not a LoRA weight of a linear module`);
		const found = shape.length === 2 ? shape[side === "A" ? 0 : 1] : undefined;
		if (found !== rank)
			throw new XrightError("WEIGHTS", `${path}: "${name}" of shape [${shape}] does not have rank ${rank}`);
		if (!["F32", "F16", "BF16"].includes(dtype)) {
			throw new XrightError("WEIGHTS", `${path}: "${name}" has the dtype ${dtype}, not F32, F16 or BF16`);
		}
		modules.set(module, (modules.get(module) ?? new Set()).add(side));
	}
	if (modules.size === 0) throw new XrightError("WEIGHTS", `${path}: holds no adapter weights`);
	for (const [module, sides] of modules) {
		const missing = ["A", "B"].find((side) => !sides.has(side));
		if (missing) throw new XrightError("WEIGHTS", `${path}: "${module}" has no lora_${missing}.weight`);
	}
	return [...modules.keys()].sort();
}
