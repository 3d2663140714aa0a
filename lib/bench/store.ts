import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../errors.js";
import { trials } from "./trials/index.js";
import type { TrialResult } from "./types.js";

/** Folder inside a results folder with each trial's result before the last one. */
export const PREVIOUS = "previous";

/** Writes `<trial>.json`; the result that was there goes to `previous/`. */
export async function storeResult(folder: string, result: TrialResult): Promise<void> {
	const name = `${result.trial}.json`;
	await mkdir(join(folder, PREVIOUS), { recursive: true });
	if (existsSync(join(folder, name))) await rename(join(folder, name), join(folder, PREVIOUS, name));
	await writeFile(join(folder, name), `${JSON.stringify(result, null, "\t")}\n`);
}

/** The results in a folder, in the order of the trials, or the one in a file. Throws USAGE. */
export async function readResults(path: string): Promise<TrialResult[]> {
	const found = await stat(path).catch(() => null);
	if (found === null) throw new XrightError("USAGE", `${path}: no such file or folder`);
	const names = found.isFile() ? [path] : (await readdir(path)).map((name) => join(path, name));
	const files = names.filter((name) => name.endsWith(".json"));
	const results = await Promise.all(files.map(readResult));
	const order = trials.map(({ name }) => name);
	return results.sort((a, b) => order.indexOf(a.trial) - order.indexOf(b.trial));
}

async function readResult(path: string): Promise<TrialResult> {
	try {
		const value = JSON.parse(await readFile(path, "utf8")) as TrialResult;
		if (typeof value.trial === "string" && Array.isArray(value.rounds)) return value;
	} catch (cause) {
		throw new XrightError("USAGE", `${path}: ${(cause as Error).message}`, { cause });
	}
	throw new XrightError("USAGE", `${path}: is not a result of the benchmark`);
}
