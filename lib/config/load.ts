import { dirname, resolve } from "node:path";
import { XrightError } from "../errors.js";
import { readJsonFile } from "./json-file.js";
import { type ResolveOptions, resolveConfig } from "./resolve.js";
import type { RunConfig } from "./schema.js";
import { applyOverrides } from "./set.js";
import { isRecord } from "./walk.js";

export interface LoadOptions extends ResolveOptions {
	/** Overrides such as `train.steps=100`. */
	set?: readonly string[];
	/** Replaces `output`. */
	output?: string;
}

/** Reads, overrides, checks and resolves a configuration file. Throws CONFIG or USAGE; messages name file and key. */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<RunConfig> {
	const raw = await readJsonFile(path);
	if (!isRecord(raw)) throw new XrightError("CONFIG", `${path}: a configuration is a JSON object`);
	const value = applyOverrides(raw, options.set ?? []);
	if (options.output !== undefined) value.output = options.output;
	return resolveConfig(value, path, dirname(resolve(path)), options);
}
