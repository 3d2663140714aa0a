import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { closest } from "../config/suggest.js";
import { XrightError } from "../errors.js";
import { type CatalogueOptions, catalogue, resolveCatalogue } from "./catalogue.js";
import { readModelFolder } from "./folder.js";
import { readGgufModel } from "./gguf/model.js";
import { hubSnapshot } from "./hub/snapshot.js";
import { parseHubId } from "./names.js";
import type { ModelFiles } from "./types.js";

export type ResolveOptions = CatalogueOptions;

/**
 * Finds what `model.path` names (a folder, a .gguf file, a catalogue name, or a hub id `org/name[@revision]`), fetches
 * it if need be, and checks its headers. What exists on disk wins over a name.
 * Throws CONFIG, WEIGHTS, UNKNOWN_MODEL, TOKENIZER (exit 2), NETWORK, DISK_FULL, IO (exit 3), ABORTED.
 */
export async function resolveModel(path: string, options: ResolveOptions = {}): Promise<ModelFiles> {
	const local = expandHome(path, options.env ?? process.env);
	const kind = await kindOf(local);
	if (kind === "folder") return readModelFolder(path, local);
	if (kind === "file") return readModelFile(path, local);
	const entry = catalogue.get(path.toLowerCase());
	if (entry) return readResolved(path, await resolveCatalogue(path.toLowerCase(), entry, options));
	const hub = looksLikePath(path) ? null : parseHubId(path);
	if (hub) return readResolved(path, await hubSnapshotOrHint(path, hub, options));
	throw await notFound(path, local);
}

async function readResolved(source: string, location: string): Promise<ModelFiles> {
	return location.endsWith(".gguf") ? readGgufModel(source, location) : readModelFolder(source, location);
}

async function readModelFile(source: string, path: string): Promise<ModelFiles> {
	if (path.endsWith(".gguf")) return readGgufModel(source, path);
	const folder = /\.(safetensors|json)$/.test(path);
	throw new XrightError("CONFIG", `model.path ${path} is a file that is not .gguf`, {
		hint: folder ? `Give its folder instead: ${dirname(path)}` : "Give a model folder, a .gguf file or a model id.",
	});
}

async function hubSnapshotOrHint(
	path: string,
	hub: { id: string; revision: string },
	options: ResolveOptions,
): Promise<string> {
	try {
		return await hubSnapshot(hub, options);
	} catch (error) {
		if (!(error instanceof XrightError) || (error.code !== "CONFIG" && error.code !== "NETWORK")) throw error;
		const near = await suggestions(path, path);
		if (near === undefined) throw error;
		throw new XrightError(error.code, error.message, {
			hint: error.hint === undefined ? near : `${error.hint} ${near}`,
			cause: error,
		});
	}
}

async function notFound(path: string, local: string): Promise<XrightError> {
	const hint = (await suggestions(path, local)) ?? `Catalogue: ${[...catalogue.keys()].join(", ")}.`;
	return new XrightError("CONFIG", `model.path ${JSON.stringify(path)} is no folder, no .gguf file and no model id`, {
		hint,
	});
}

/** "Did you mean …" from the catalogue and from the neighbours of the missing path. */
async function suggestions(path: string, local: string): Promise<string | undefined> {
	const names = await readdir(dirname(local)).catch(() => []);
	const neighbour = closest(basename(local), names);
	const byId = new Map([...catalogue].flatMap(([name, { hubId }]) => [[name, name] as const, [hubId, name] as const]));
	const id = closest(path, byId.keys());
	const found = [neighbour && join(dirname(local), neighbour), id && byId.get(id)].filter((name) => name);
	return found.length > 0 ? `Did you mean ${found.map((name) => JSON.stringify(name)).join(" or ")}?` : undefined;
}

async function kindOf(path: string): Promise<"folder" | "file" | null> {
	try {
		const found = await stat(path);
		return found.isDirectory() ? "folder" : "file";
	} catch {
		return null;
	}
}

function looksLikePath(path: string): boolean {
	return /^[./~]|\\|\.gguf$/.test(path);
}

function expandHome(path: string, env: NodeJS.ProcessEnv): string {
	return path.startsWith("~/") ? join(env.HOME || homedir(), path.slice(2)) : path;
}
