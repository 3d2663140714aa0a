import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { userCache } from "../../model/hub/settings.js";
import { matters } from "../checkpoint/compare.js";
import { identityKey } from "../checkpoint/identity.js";
import type { RunIdentity } from "../checkpoint/state.js";
import { prettyJson, replaceFile, writeError } from "../durable.js";
import type { Surroundings } from "../model.js";
import { version } from "../version.js";

/** Hash of everything that a stage's result depends on; `more` is what its use adds. */
export function stageKey(identity: RunIdentity, more: object): string {
	const { every } = identity.config.evaluation;
	return identityKey(identity, matters, { version, every, ...more });
}

/** Where results that runs share are kept. */
export function sharedPlace(kind: string, key: string, around: Surroundings): string {
	return join(userCache(around.env), "xright-native", kind, `${key}.json`);
}

/** What was stored at `path` under the key; null when there is nothing, another key's, or not the whole of it. */
export async function readStored<T>(path: string, key: string): Promise<T | null> {
	const text = await readFile(path, "utf8").catch(() => null);
	try {
		const { sha256, value } = JSON.parse(text ?? "") as { sha256: string; value: T };
		return sha256 === digest(key, value) ? value : null;
	} catch {
		return null;
	}
}

export async function writeStored(path: string, key: string, value: unknown): Promise<void> {
	await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
		throw writeError(path, cause);
	});
	await replaceFile(path, prettyJson({ sha256: digest(key, value), value }));
}

/** The same for a result that other runs may use: not being able to is no reason to fail. */
export async function share(kind: string, key: string, value: unknown, around: Surroundings): Promise<void> {
	await writeStored(sharedPlace(kind, key, around), key, value).catch((error: Error) => {
		around.emit({ event: "warning", message: `${kind} are not kept for other runs: ${error.message}` });
	});
}

function digest(key: string, value: unknown): string {
	return createHash("sha256").update(key).update(JSON.stringify(value)).digest("hex");
}
