import { join } from "node:path";
import { XrightError } from "../errors.js";
import { readJsonFile } from "./json-file.js";
import type { LoraConfig } from "./schema.js";
import { adapterSection } from "./sections/adapter.js";
import { isRecord } from "./walk.js";

/** PEFT's names of what an adapter folder decides. */
const peftNames = { rank: "r", alpha: "lora_alpha", rsLora: "use_rslora", targets: "target_modules" } as const;

/**
 * Takes rank, alpha, rsLora and targets from the PEFT folder to continue from. A value written in the configuration
 * that differs from the folder's is an error (CONFIG), never silently replaced.
 */
export async function readAdapterInit(
	adapter: LoraConfig,
	folder: string,
	written: Record<string, unknown>,
	where: string,
): Promise<LoraConfig> {
	const file = join(folder, "adapter_config.json");
	const peft = await readJsonFile(file);
	if (!isRecord(peft) || peft.peft_type !== "LORA") {
		throw new XrightError("CONFIG", `${where}: adapter.init: ${file} does not describe a LoRA adapter`);
	}
	const own: Record<string, unknown> = {
		rank: peft.r,
		alpha: peft.lora_alpha,
		rsLora: peft.use_rslora ?? false,
		targets: peft.target_modules,
	};
	const result: Record<string, unknown> = { ...adapter, init: folder };
	for (const [key, name] of Object.entries(peftNames)) {
		const value = own[key];
		if (value === undefined || value === null) throw new XrightError("CONFIG", `${file}: ${name} is missing`);
		if (Object.hasOwn(written, key) && !same(written[key], value)) {
			const text = `${where}: adapter.${key} is ${JSON.stringify(written[key])}, but ${file} has ${name} ${JSON.stringify(value)}`;
			throw new XrightError("CONFIG", text, { hint: `Leave adapter.${key} out; it comes from adapter.init.` });
		}
		result[key] = value;
	}
	const checked = adapterSection.safeParse(result);
	if (!checked.success) {
		const [issue] = checked.error.issues;
		throw new XrightError("CONFIG", `${file}: ${issue?.path.join(".")}: ${issue?.message}`);
	}
	return checked.data as LoraConfig;
}

function same(a: unknown, b: unknown): boolean {
	const text = (value: unknown) => JSON.stringify(Array.isArray(value) ? value.map(String).sort() : value);
	return text(a) === text(b);
}
