import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { prettyJson, syncPath, writeDurable, writeError } from "../durable.js";
import { temporaryPath } from "./folders.js";
import { createManifest, filesIn, manifestName, verifyCheckpoint } from "./manifest.js";
import { deleteOld } from "./retention.js";

/**
 * Saves a checkpoint as `folder`/step-N: `fill` writes its files into a temporary folder; then every file is made
 * durable, the manifest is written, and the folder gets its name. Only then are older checkpoints deleted. On failure
 * the temporary folder is removed and all older checkpoints stay. Throws DISK_FULL or IO; returns the folder.
 */
export async function writeCheckpoint(
	folder: string,
	step: number,
	keep: number,
	fill: (folder: string) => Promise<void>,
): Promise<string> {
	const final = join(folder, `step-${step}`);
	if (await isComplete(final)) return final;
	const temporary = temporaryPath(folder, step);
	try {
		await rm(temporary, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
		await mkdir(temporary);
		await fill(temporary);
		for (const name of await filesIn(temporary)) await syncPath(join(temporary, name));
		await writeDurable(join(temporary, manifestName), prettyJson(await createManifest(temporary, step)));
		await publish(temporary, final);
	} catch (cause) {
		await rm(temporary, { recursive: true, force: true }).catch(() => {});
		throw writeError(final, cause);
	}
	await deleteOld(folder, step, keep).catch((cause: unknown) => {
		throw writeError(folder, cause);
	});
	return final;
}

/** A step that was saved before and is intact needs no second copy: resuming is exact. */
async function isComplete(folder: string): Promise<boolean> {
	return verifyCheckpoint(folder).then(
		() => true,
		() => false,
	);
}

/**
 * Gives a complete folder its final name, durably. A damaged folder of that name is set aside under another name,
 * where no reader takes it for a checkpoint and nothing is lost.
 */
async function publish(temporary: string, final: string): Promise<void> {
	await syncPath(temporary);
	try {
		await rename(temporary, final);
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR") throw cause;
		await rename(final, `${final}.damaged-${Date.now()}`);
		await rename(temporary, final);
	}
	await syncPath(dirname(final));
}
