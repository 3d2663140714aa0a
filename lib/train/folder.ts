import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { XrightError } from "../errors.js";
import { listCheckpoints } from "./checkpoint/folders.js";
import { writeError } from "./durable.js";
import { acquireLock } from "./lock.js";

/** Places in a run folder. */
export interface RunFolder {
	path: string;
	config: string;
	metrics: string;
	summary: string;
	checkpoints: string;
	/** Where the reference policy is trained, when it is. */
	reference: string;
	/** Where each objective is trained alone, to estimate its optimum. */
	optima: string;
	/** Gives the folder back. */
	release(): Promise<void>;
}

/**
 * Creates a run folder if need be and locks it. Throws LOCKED when another run uses it, CONFIG when it holds the
 * results of one and `resume` is false.
 */
export async function openRunFolder(output: string, resume: boolean): Promise<RunFolder> {
	const path = resolve(output);
	await mkdir(path, { recursive: true }).catch((cause: unknown) => {
		throw writeError(path, cause);
	});
	const release = await acquireLock(join(path, ".lock"));
	const folder = {
		path,
		config: join(path, "config.json"),
		metrics: join(path, "metrics.jsonl"),
		summary: join(path, "summary.json"),
		checkpoints: join(path, "checkpoints"),
		reference: join(path, "reference"),
		optima: join(path, "optima"),
		release,
	};
	try {
		if (!resume) await refuseResults(folder);
	} catch (error) {
		await release();
		throw error;
	}
	return folder;
}

async function refuseResults(folder: RunFolder): Promise<void> {
	const metrics = await stat(folder.metrics).catch(() => null);
	const [checkpoint] = await listCheckpoints(folder.checkpoints);
	const prepared = existsSync(folder.reference) || existsSync(folder.optima);
	if (!checkpoint && !metrics?.size && !prepared) return;
	throw new XrightError("CONFIG", `${folder.path} already holds a run`, {
		hint: "Continue it with --resume, or choose another folder with --output.",
	});
}
