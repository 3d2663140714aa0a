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
	const value = await readConfig(path, options);
	return resolveConfig(value, path, dirname(resolve(path)), options);
}

/** A configuration file as it is, with the overrides. Throws CONFIG or USAGE. */
export async function readConfig(
	path: string,
	options: Pick<LoadOptions, "set" | "output">,
): Promise<Record<string, unknown>> {
	const raw = await readJsonFile(path);
	if (!isRecord(raw)) throw new XrightError("CONFIG", `${path}: a configuration is a JSON object`);
	const value = applyOverrides(raw, options.set ?? []);
	if (options.output !== undefined) value.output = options.output;
	return value;
}
