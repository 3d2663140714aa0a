import { existsSync } from "node:fs";
import { describeNumerics } from "../../native/numerics.js";
import type { OpenedTraining } from "../execute.js";
import type { Surroundings } from "../model.js";
import { readStored, share, sharedPlace, stageKey } from "../stages/store.js";
import { findReference } from "./given.js";

const kind = "trained-references";

/** Where a reference lies, and which files it was when it was trained. */
interface TrainedReference {
	folder: string;
	fingerprint: string;
}

/** Where an earlier run left the same reference; null when none did, or it is gone or was changed. */
export async function findTrained(opened: OpenedTraining, around: Surroundings): Promise<string | null> {
	const key = await keyOf(opened, around);
	const known = await readStored<TrainedReference>(sharedPlace(kind, key, around), key);
	if (known === null || !existsSync(known.folder)) return null;
	const fingerprint = await fingerprintOf(opened, known.folder, around).catch(() => null);
	if (fingerprint !== known.fingerprint) return null;
	const message = `the reference is the one in ${known.folder}: its model, rows and settings are the same`;
	around.emit({ event: "info", message });
	return known.folder;
}

export async function rememberTrained(opened: OpenedTraining, folder: string, around: Surroundings): Promise<void> {
	const value: TrainedReference = { folder, fingerprint: await fingerprintOf(opened, folder, around) };
	await share(kind, await keyOf(opened, around), value, around);
}

/** Equal to the last bit, so what only rounds counts too. */
async function keyOf({ config, identity }: OpenedTraining, { env }: Surroundings): Promise<string> {
	const { microBatchTokens, gradientCheckpointing } = config.train;
	const numerics = await describeNumerics(config.device, config.threads, env);
	return stageKey(identity, { microBatchTokens, gradientCheckpointing, numerics });
}

async function fingerprintOf({ config, found }: OpenedTraining, folder: string, around: Surroundings): Promise<string> {
	return (await findReference(config, found, folder, around)).found.fingerprint;
}
