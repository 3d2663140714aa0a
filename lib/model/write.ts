import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Dtype } from "../native/binding.js";
import { fileError } from "./files.js";
import type { ModelFiles } from "./types.js";

/**
 * Writes what a Hugging Face model folder holds besides the weights: config.json, generation_config.json,
 * tokenizer.json, tokenizer_config.json and the chat template; each fsynced. `dtype` is that of the saved weights.
 * Returns the file names. Throws IO or DISK_FULL.
 */
export async function writeModelFiles(folder: string, model: ModelFiles, dtype: Dtype): Promise<string[]> {
	const { tokenizerJson, tokenizerConfig, chatTemplate } = model.tokenizer;
	const { torch_dtype: _, ...config } = model.config;
	const { chat_template: __, ...settings } = tokenizerConfig;
	const files: [string, string][] = [
		["config.json", pretty({ ...config, dtype })],
		["tokenizer.json", JSON.stringify(tokenizerJson)],
		["tokenizer_config.json", pretty(settings)],
	];
	if (Object.keys(model.generationConfig).length > 0)
		files.push(["generation_config.json", pretty(model.generationConfig)]);
	if (chatTemplate !== null) files.push(["chat_template.jinja", chatTemplate]);
	await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
		throw fileError(folder, cause, "IO");
	});
	for (const [name, text] of files) await writeSynced(join(folder, name), text);
	return files.map(([name]) => name);
}

/** Writes `adapter_config.json`, fsynced. Throws IO or DISK_FULL. */
export async function writeAdapterConfig(folder: string, config: Record<string, unknown>): Promise<void> {
	await writeSynced(join(folder, "adapter_config.json"), pretty(config));
}

function pretty(value: unknown): string {
	return `${JSON.stringify(value, null, 2)}\n`;
}

async function writeSynced(path: string, text: string): Promise<void> {
	try {
		const handle = await open(path, "w");
		try {
			await handle.writeFile(text);
			await handle.sync();
		} finally {
			await handle.close();
		}
	} catch (cause) {
		throw fileError(path, cause, "IO");
	}
}
