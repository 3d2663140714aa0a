import { rename, rm } from "node:fs/promises";
import { syncPath } from "../durable.js";
import { listCheckpoints, listTemporary, temporaryPath } from "./folders.js";
import { readManifest } from "./manifest.js";

/**
 * Deletes checkpoints of steps before `step` beyond the newest `keep` (the one of `step` counted). Only folders whose
 * manifest is ours are touched; each is renamed first, so that a crash never leaves half of one under its name.
 */
export async function deleteOld(folder: string, step: number, keep: number): Promise<void> {
	let kept = 1;
	for (const checkpoint of await listCheckpoints(folder)) {
		if (checkpoint.step >= step) continue;
		if ((await readManifest(checkpoint.path))?.step !== checkpoint.step) continue;
		if (++kept <= keep) continue;
		const temporary = temporaryPath(folder, checkpoint.step);
		await rename(checkpoint.path, temporary);
		await syncPath(folder);
		await rm(temporary, { recursive: true, force: true });
	}
}

/** Removes what interrupted saves left; the caller holds the run folder's lock. */
export async function removeLeftovers(folder: string): Promise<void> {
	for (const path of await listTemporary(folder)) await rm(path, { recursive: true, force: true });
}
