import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../../errors.js";
import { fileSha256 } from "../../files/sha256.js";
import { isSafeRelativePath } from "../../model/names.js";

export const manifestName = "manifest.json";
const format = "xright-native checkpoint";
const version = 1;

/** Lists every other file of a checkpoint; written last, so a folder with a valid one is complete. */
export interface Manifest {
	format: typeof format;
	version: typeof version;
	step: number;
	files: Record<string, { bytes: number; sha256: string }>;
}

/** Manifest of the files that are in `folder` now. */
export async function createManifest(folder: string, step: number): Promise<Manifest> {
	const files: Manifest["files"] = {};
	for (const name of await filesIn(folder)) {
		const { size } = await stat(join(folder, name));
		files[name] = { bytes: size, sha256: await fileSha256(join(folder, name)) };
	}
	return { format, version, step, files };
}

/** The manifest of a checkpoint folder, or null when the folder has none of ours. */
export async function readManifest(folder: string): Promise<Manifest | null> {
	try {
		const value = JSON.parse(await readFile(join(folder, manifestName), "utf8")) as Manifest;
		const known = value.format === format && value.version === version && Number.isSafeInteger(value.step);
		const files = Object.entries(value.files);
		const named = files.every(([name, file]) => isSafeRelativePath(name) && Number.isSafeInteger(file.bytes));
		return known && named ? value : null;
	} catch {
		return null;
	}
}

/** Throws CHECKPOINT, naming the file, unless every file of the checkpoint is there with its size and hash. */
export async function verifyCheckpoint(folder: string): Promise<Manifest> {
	const manifest = await readManifest(folder);
	if (!manifest) throw new XrightError("CHECKPOINT", `${folder} has no valid ${manifestName}`);
	for (const [name, { bytes, sha256: expected }] of Object.entries(manifest.files)) {
		const path = join(folder, name);
		const info = await stat(path).catch(() => null);
		if (!info?.isFile()) throw new XrightError("CHECKPOINT", `${path} is missing`);
		if (info.size !== bytes) throw new XrightError("CHECKPOINT", `${path} has ${info.size} bytes, not ${bytes}`);
		if ((await fileSha256(path)) !== expected) throw new XrightError("CHECKPOINT", `${path} was changed or is damaged`);
	}
	return manifest;
}

/** Relative paths of all files below `folder`, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	return files.map((path) => path.slice(folder.length + 1)).sort();
}
