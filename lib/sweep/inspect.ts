import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { referencePath } from "../config/reference.js";
import { XrightError } from "../errors.js";
import type { Strategy } from "../strategies/types.js";
import { compareRuns } from "../train/checkpoint/compare.js";
import { listCheckpoints } from "../train/checkpoint/folders.js";
import { resultKey, runIdentity } from "../train/checkpoint/identity.js";
import { type RunIdentity, readState } from "../train/checkpoint/state.js";
import { openData, type RunData } from "../train/data.js";
import type { RunEvent, RunSummary } from "../train/events.js";
import type { JobSurroundings } from "../train/job.js";
import { type FoundModel, findModel } from "../train/model.js";
import { planNotes, planRun, strategyFactory } from "../train/plan.js";
import { findReference } from "../train/reference/given.js";
import { checkTargets } from "../train/targets.js";
import type { Grid, GridPoint } from "./grid.js";

/** A point and what its folder holds of it. */
export interface InspectedPoint extends GridPoint {
	steps: number;
	/** The result of exactly this run; null when it is still to be trained, from the start or from a checkpoint. */
	finished: RunSummary | null;
	/** Steps in the newest checkpoint. */
	stepsDone: number;
}

export interface Inspection {
	points: InspectedPoint[];
	found: FoundModel;
	/** Keys of the tokenised data sets, by objective and use. */
	data: Record<string, string>;
}

/**
 * Checks every point before the first one trains: model, data, strategy, and that its folder holds nothing of another
 * run. Throws what a run would throw.
 */
export async function inspectGrid(grid: Grid, around: JobSurroundings<RunEvent>): Promise<Inspection> {
	const { config } = grid.points[0]!;
	const found = await findModel(config, around);
	checkTargets(config, found);
	const path = referencePath(config);
	const reference = path === null ? null : await findReference(config, found, path, around);
	// Points differ in strategy and seed only, so all that have the same objectives and losses have the same data.
	const opened = new Map<string, RunData>();
	const notes = new Set<string>();
	const points: InspectedPoint[] = [];
	const movesReference = new Set<boolean>();
	try {
		for (const point of grid.points) {
			const factory = strategyFactory(point.config, undefined);
			const { objective, evaluation } = point.config;
			const kind = JSON.stringify([factory.objectives, objective, evaluation.preference]);
			const data = opened.get(kind) ?? (await openData(point.config, factory.objectives, found.tokenizer, around));
			opened.set(kind, data);
			const { steps, strategy } = planRun(point.config, factory, data);
			for (const note of planNotes(point.config, strategy, data)) notes.add(note);
			const identity = runIdentity(point.config, found, data, reference);
			movesReference.add(startsStage(strategy, steps));
			const hasStages = strategy.stageObjectives !== undefined;
			points.push({ ...point, steps, ...(await inspectFolder(point.config.output, identity, hasStages)) });
		}
		for (const message of notes) around.emit({ event: "info", message });
		if (config.reference === null && movesReference.size > 1) {
			around.emit({ event: "warning", message: differentReferences });
		}
		return { points, found, data: Object.assign({}, ...[...opened.values()].map(({ keys }) => keys)) };
	} finally {
		for (const data of opened.values()) data.close();
	}
}

const differentReferences =
	"the DPO losses of these runs are not against one reference: those that train SFT first take that stage's result, " +
	"the others the model as they start; a reference in the configuration is the same for all";

function startsStage(strategy: Strategy, steps: number): boolean {
	return Array.from({ length: steps }, (_, index) => index + 1).some((step) => strategy.startsStage?.(step) ?? false);
}

async function inspectFolder(folder: string, identity: RunIdentity, hasStages: boolean) {
	const summary = await readSummary(join(folder, "summary.json"));
	if (summary?.status === "completed" && summary.key === resultKey(identity)) {
		return { finished: summary, stepsDone: summary.steps };
	}
	const [newest] = await listCheckpoints(join(folder, "checkpoints"));
	if (!newest) return { finished: null, stepsDone: 0 };
	// A damaged checkpoint is the business of the run that continues from it.
	const state = await readState(newest.path).catch(() => null);
	if (state === null) return { finished: null, stepsDone: 0 };
	try {
		compareRuns(state.identity, identity, hasStages);
	} catch (error) {
		if (!(error instanceof XrightError)) throw error;
		throw new XrightError(error.code, `${folder}: ${error.message}`, { hint: error.hint, cause: error });
	}
	return { finished: null, stepsDone: newest.step };
}

async function readSummary(path: string): Promise<RunSummary | null> {
	try {
		return JSON.parse(await readFile(path, "utf8")) as RunSummary;
	} catch {
		return null;
	}
}
