import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readJsonFile } from "../config/json-file.js";
import { parseConfig } from "../config/parse.js";
import type { RunConfig } from "../config/schema.js";
import { XrightError } from "../errors.js";

/**
 * The configuration of a run folder, with what the run trained in place of what it started from: `model/` as the
 * model, `adapter/` as the adapter. Data files need not be there any more. Throws CONFIG.
 */
export async function trainedConfig(runFolder: string): Promise<RunConfig> {
	const folder = resolve(runFolder);
	const path = join(folder, "config.json");
	if (!existsSync(path)) {
		throw new XrightError("CONFIG", `${runFolder} is not the folder of a run: it has no config.json`);
	}
	const config = parseConfig(await readJsonFile(path), path);
	const result = join(folder, config.adapter.type === "none" ? "model" : "adapter");
	if (!existsSync(result)) {
		throw new XrightError("CONFIG", `${runFolder} holds no result yet: ${result} does not exist`, {
			hint: "Let the run finish: the same command with --resume.",
		});
	}
	if (config.adapter.type === "none") return { ...config, model: { ...config.model, path: result } };
	return { ...config, adapter: { ...config.adapter, init: result } };
}
