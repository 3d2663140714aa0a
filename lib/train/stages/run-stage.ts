import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { XrightError } from "../../errors.js";
import type { RunEvent, RunSummary } from "../events.js";
import { type OpenedTraining, train } from "../execute.js";
import { findSaved } from "../execution.js";
import { openRunFolder, type RunFolder } from "../folder.js";
import type { Surroundings } from "../model.js";

/**
 * Runs a training that prepares the run, in a folder inside the run's; continues what an interruption left of it, and
 * does nothing when it is done. `name` says in messages what is trained. Throws ABORTED when it is stopped.
 */
export async function runStage(name: string, opened: OpenedTraining, around: Surroundings): Promise<RunSummary> {
	const { output } = opened.config;
	const resume = existsSync(output);
	const folder = await openRunFolder(output, resume);
	try {
		const done = resume ? await finished(opened, folder) : null;
		if (done) return done;
		around.emit({ event: "info", message: `${name} comes first, in ${output}` });
		const quiet = { ...around, emit: stageEvents(name, around.emit) };
		const summary = await train(opened, folder, { resume, profile: false }, quiet);
		if (summary.status === "completed") return summary;
		throw new XrightError("ABORTED", `stopped while ${name}; --resume continues it`);
	} finally {
		await folder.release();
	}
}

/** The summary of a stage that came to its end, checked to be of the same training. Throws CONFIG. */
async function finished(opened: OpenedTraining, folder: RunFolder): Promise<RunSummary | null> {
	const text = await readFile(folder.summary, "utf8").catch(() => null);
	const summary = text === null ? null : (JSON.parse(text) as RunSummary);
	if (summary?.status !== "completed" || !existsSync(summary.artifact)) return null;
	await findSaved(folder, opened.identity, false, () => {});
	return summary;
}

/** A stage shows as progress: what comes before its first step, then its steps; the rest is in its own metrics.jsonl. */
export function stageEvents(name: string, emit: (event: RunEvent) => void): (event: RunEvent) => void {
	let total = 0;
	return (event) => {
		if (event.event === "start") total = event.steps;
		else if (event.event === "step") emit({ event: "progress", phase: name, done: event.step, total, unit: "steps" });
		else if (event.event === "progress" && total === 0) emit(event);
		else if (event.event === "warning") emit({ ...event, message: `${name}: ${event.message}` });
	};
}
