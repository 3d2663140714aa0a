import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SweepResult } from "../../lib/sweep/types.js";
import { cliPath } from "../cli/run-cli.js";
import type { Workspace } from "../train/workspace.js";

export type Event = Record<string, unknown> & { event: string; point?: string };

export interface Outcome {
	code: number | null;
	signal: NodeJS.Signals | null;
	events: Event[];
	stderr: string;
}

/** Writes a sweep's configuration on the tiny model; returns its path. `rest` replaces keys of the run. */
export async function writeSweep(work: Workspace, sweep: object, rest: object = {}): Promise<string> {
	const { strategy: _, seed: __, ...base } = work.config();
	const path = join(work.folder, "sweep.json");
	const config = { ...base, output: join(work.folder, "sweep"), ...rest, sweep };
	await writeFile(path, JSON.stringify(config));
	return path;
}

/** Runs `xright-native sweep --json` to its end; `onEvent` may signal the process. */
export async function runSweep(
	work: Workspace,
	args: string[],
	onEvent: (event: Event, sweep: ChildProcess) => void = () => {},
): Promise<Outcome> {
	const sweep = spawn(process.execPath, [cliPath, "sweep", ...args, "--json"], { env: work.env });
	let stderr = "";
	sweep.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	const events: Event[] = [];
	createInterface({ input: sweep.stdout }).on("line", (line) => {
		const event = JSON.parse(line) as Event;
		events.push(event);
		onEvent(event, sweep);
	});
	const [code, signal] = await once(sweep, "close");
	return { code, signal, events, stderr };
}

export async function readFront(work: Workspace): Promise<SweepResult> {
	return JSON.parse(await readFile(join(work.folder, "sweep", "front.json"), "utf8"));
}

/** Process ids of the children of a process. */
export async function childrenOf(pid: number): Promise<number[]> {
	const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
	return text.trim().split(" ").filter(Boolean).map(Number);
}
