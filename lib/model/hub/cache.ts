import { lstat, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { HubId } from "../names.js";
import { shardNames } from "../shards.js";
import type { HubSettings } from "./settings.js";

/** Folder of a model in Hugging Face's cache layout: blobs/, refs/, snapshots/. */
export function modelFolder(settings: HubSettings, id: string): string {
	return join(settings.cache, `models--${id.replace("/", "--")}`);
}

/** Folder of the snapshot that a revision (branch, tag or commit) stands for in the cache; null when unknown. */
export async function cachedSnapshot(settings: HubSettings, { id, revision }: HubId): Promise<string | null> {
	const folder = modelFolder(settings, id);
	const ref = await readFile(join(folder, "refs", revision), "utf8").catch(() => revision);
	const commit = ref.trim();
	if (!/^[0-9a-f]{40}$/.test(commit)) return null;
	const snapshot = join(folder, "snapshots", commit);
	return (await isFolder(snapshot)) ? snapshot : null;
}

/** Name of the first file that a usable model folder lacks, or null when it is complete. */
export async function missingFile(folder: string): Promise<string | null> {
	const has = (name: string) => isFile(join(folder, name));
	if (!(await has("config.json"))) return "config.json";
	const pair = (await has("vocab.json")) && (await has("merges.txt"));
	if (!pair && !(await has("tokenizer.json"))) return "tokenizer.json";
	if (await has("model.safetensors")) return null;
	if (!(await has(INDEX))) return "model.safetensors";
	for (const shard of await shardNames(join(folder, INDEX))) {
		if (!(await has(shard))) return shard;
	}
	return null;
}

export const INDEX = "model.safetensors.index.json";

/** Links `snapshots/<commit>/<name>` to its blob, relatively, as Hugging Face's tools do. */
export async function linkIntoSnapshot(folder: string, commit: string, name: string, blob: string): Promise<void> {
	const link = join(folder, "snapshots", commit, name);
	await mkdir(dirname(link), { recursive: true });
	const fresh = `${link}.${process.pid}.tmp`;
	await rm(fresh, { force: true });
	await symlink(relative(dirname(link), join(folder, "blobs", blob)), fresh);
	await rename(fresh, link);
}

/** Records which commit a branch or tag stands for. */
export async function writeRef(folder: string, revision: string, commit: string): Promise<void> {
	if (revision === commit) return;
	const path = join(folder, "refs", revision);
	await mkdir(dirname(path), { recursive: true });
	const fresh = `${path}.${process.pid}.tmp`;
	await writeFile(fresh, commit);
	await rename(fresh, path);
}

export async function isFile(path: string): Promise<boolean> {
	return stat(path).then(
		(found) => found.isFile(),
		() => false,
	);
}

export async function isFolder(path: string): Promise<boolean> {
	return stat(path).then(
		(found) => found.isDirectory(),
		() => false,
	);
}

/** Something is there, be it a dangling link. */
export async function exists(path: string): Promise<boolean> {
	return lstat(path).then(
		() => true,
		() => false,
	);
}
