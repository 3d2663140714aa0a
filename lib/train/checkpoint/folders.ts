import { readdir } from "node:fs/promises";
import { join } from "node:path";

const checkpointPattern = /^step-(0|[1-9]\d*)$/;
const temporaryPattern = /^step-\d+\.tmp-\d+$/;

export interface CheckpointFolder {
	step: number;
	path: string;
}

/** Folders named like checkpoints, highest step first; whether they are complete is not looked at. */
export async function listCheckpoints(folder: string): Promise<CheckpointFolder[]> {
	const names = await namesIn(folder);
	return names
		.flatMap((name) => {
			const match = checkpointPattern.exec(name);
			return match ? [{ step: Number(match[1]), path: join(folder, name) }] : [];
		})
		.sort((a, b) => b.step - a.step);
}

/** What interrupted saves and deletions left behind. */
export async function listTemporary(folder: string): Promise<string[]> {
	return (await namesIn(folder)).filter((name) => temporaryPattern.test(name)).map((name) => join(folder, name));
}

export function temporaryPath(folder: string, step: number): string {
	return join(folder, `step-${step}.tmp-${process.pid}`);
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return await readdir(folder);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw cause;
	}
}
