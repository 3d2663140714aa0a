import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { XrightError } from "../errors.js";
import type { RunEvent, RunSummary } from "../train/events.js";
import type { JobSurroundings } from "../train/job.js";
import type { GridPoint } from "./grid.js";
import type { PointError, ToPoint } from "./types.js";

/** What the process of a point says: its run's events, then how the run ended. */
export type FromPoint = { event: RunEvent } | PointEnd;
type PointEnd = { summary: RunSummary } | { error: PointError };

const program = fileURLToPath(new URL("../cli/point.js", import.meta.url));
/** How much of what the process wrote to stderr is kept for a message, in characters. */
const keptText = 4096;

/**
 * Runs a point in a process of its own, continuing where it stopped: what kills it (a fault in native code, the
 * kernel when memory runs out) leaves the sweep alive, and its peak memory is its own. An abort of the signal makes
 * it save and end as "interrupted"; so does the end of this process. Throws the run's error, INTERNAL or
 * OUT_OF_MEMORY when the process died.
 */
export async function runPoint(point: GridPoint, around: JobSurroundings<RunEvent>): Promise<RunSummary> {
	const { env, signal, emit } = around;
	const child = fork(program, { env, execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
	let end = null as PointEnd | null;
	let text = "";
	child.stderr!.setEncoding("utf8").on("data", (more: string) => {
		text = (text + more).slice(-keptText);
	});
	child.on("message", (message: FromPoint) => {
		if ("event" in message) emit(message.event);
		else end = message;
	});
	// A process that is gone is noticed by its end, not by what could not be sent to it.
	const send = (message: ToPoint) => child.connected && child.send(message, () => {});
	const stop = () => send("stop");
	signal.addEventListener("abort", stop);
	try {
		send({ config: point.config });
		if (signal.aborted) stop();
		const [code, killedBy] = (await once(child, "close").catch((cause: Error) => {
			throw new XrightError("INTERNAL", `${point.name}: its process could not start: ${cause.message}`, { cause });
		})) as [number | null, NodeJS.Signals | null];
		if (end === null) throw deathError(point.name, code, killedBy, text.trim());
		return resultOf(end);
	} finally {
		signal.removeEventListener("abort", stop);
	}
}

function resultOf(end: PointEnd): RunSummary {
	if ("summary" in end) return end.summary;
	const { code, message, ...more } = end.error;
	throw new XrightError(code, message, more);
}

/** A process that ended without a word; `text` is the last that it wrote. */
function deathError(name: string, code: number | null, killedBy: NodeJS.Signals | null, text: string): XrightError {
	const outOfMemory = killedBy === "SIGKILL";
	const how = killedBy === null ? `ended with code ${code}` : `died of ${killedBy}`;
	return new XrightError(outOfMemory ? "OUT_OF_MEMORY" : "INTERNAL", `${name}: its process ${how}`, {
		hint: outOfMemory ? "The kernel does this when memory runs out; run again to retry." : undefined,
		detail: text || undefined,
	});
}
