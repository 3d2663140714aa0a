import { join } from "node:path";
import { prettyJson, replaceFile } from "../train/durable.js";
import { frontSvg, trajectoriesSvg } from "./charts.js";
import { sweepMarkdown } from "./table.js";
import type { SweepResult } from "./types.js";

/** Writes front.json and table.md, each as a whole. Throws DISK_FULL or IO. */
export async function writeTables(folder: string, result: SweepResult): Promise<void> {
	await replaceFile(join(folder, "front.json"), prettyJson(result));
	await replaceFile(join(folder, "table.md"), sweepMarkdown(result));
}

/** Writes everything there is to look at; charts need at least one completed run. Throws DISK_FULL or IO. */
export async function writeReport(folder: string, result: SweepResult): Promise<void> {
	await writeTables(folder, result);
	if (result.groups.length === 0) return;
	await replaceFile(join(folder, "front.svg"), await frontSvg(result));
	await replaceFile(join(folder, "trajectories.svg"), await trajectoriesSvg(result, folder));
}
