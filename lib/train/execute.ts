import { referencePath } from "../config/reference.js";
import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import { XrightError } from "../errors.js";
import type { StrategyFactory } from "../strategies/types.js";
import { runIdentity } from "./checkpoint/identity.js";
import { restoreLogps } from "./checkpoint/run-checkpoint.js";
import type { RunIdentity } from "./checkpoint/state.js";
import { Interrupted } from "./context.js";
import { openData, type RunData } from "./data.js";
import type { RunSummary } from "./events.js";
import { Execution, findSaved } from "./execution.js";
import { openRunFolder, type RunFolder } from "./folder.js";
import { type FoundModel, findModel, loadModel, type Surroundings } from "./model.js";
import { findOptima } from "./optima/estimate.js";
import { planNotes, planRun, strategyFactory } from "./plan.js";
import { type FoundReference, findReference } from "./reference/given.js";
import { scoreAhead } from "./reference/score-ahead.js";
import { trainReference } from "./reference/stage.js";
import { checkTargets } from "./targets.js";
import { hopeless } from "./watch.js";

export interface ExecuteOptions {
	resume: boolean;
	/** Measure where the time of the training loop goes. */
	profile: boolean;
	strategy: StrategyFactory | undefined;
}

/** A training in a folder of its own, and how its rows are opened. */
export interface Training {
	config: RunConfig;
	factory: StrategyFactory;
	open: typeof openData;
}

/** A training whose model and rows have been found and checked. */
export interface OpenedTraining {
	config: RunConfig;
	factory: StrategyFactory;
	found: FoundModel;
	data: RunData;
	/** The reference that the configuration names by its path. */
	reference: FoundReference | null;
	identity: RunIdentity;
}

/** A whole run, from the configuration to the summary. Throws ABORTED when it is stopped before training began. */
export async function executeRun(
	value: RunConfig | RunConfigInput,
	options: ExecuteOptions,
	around: Surroundings,
): Promise<RunSummary> {
	const config = await resolveConfig(value, "the configuration", process.cwd());
	const folder = await openRunFolder(config.output, options.resume);
	try {
		const factory = strategyFactory(config, options.strategy);
		return await withOpened({ config, factory, open: openData }, around, (opened) =>
			train(opened, folder, options, around),
		);
	} catch (error) {
		stopIfAborted(around.signal, error);
		throw error;
	} finally {
		await folder.release();
	}
}

/** Finds model, rows and reference of a training, for as long as `use` takes. */
export async function withOpened<Result>(
	{ config, factory, open }: Training,
	around: Surroundings,
	use: (opened: OpenedTraining) => Promise<Result>,
): Promise<Result> {
	const found = await findModel(config, around);
	checkTargets(config, found);
	const data = await open(config, factory.objectives, found.tokenizer, around);
	try {
		const path = referencePath(config);
		const reference = path === null ? null : await findReference(config, found, path, around);
		const identity = runIdentity(config, found, data, reference);
		return await use({ config, factory, found, data, reference, identity });
	} finally {
		data.close();
	}
}

/** Trains in `folder`, whose lock the caller holds, after what must be known first. */
export async function train(
	opened: OpenedTraining,
	folder: RunFolder,
	{ resume, profile }: Pick<ExecuteOptions, "resume" | "profile">,
	around: Surroundings,
): Promise<RunSummary> {
	const { config, factory, found, data } = opened;
	// Whatever is wrong with the plan is said before anything is trained for it.
	const { strategy, steps } = planRun(config, factory, data);
	for (const message of planNotes(config, strategy, data)) around.emit({ event: "info", message });
	for (const message of hopeless(config, steps, strategy.objectives)) around.emit({ event: "warning", message });
	const hasStages = strategy.stageObjectives !== undefined;
	const saved = resume ? await findSaved(folder, opened.identity, hasStages, around.emit) : null;
	if (saved) await restoreLogps(data, saved.path);
	stopIfAborted(around.signal);
	const trained = await trainReference(opened, folder, around);
	const reference = trained === null ? opened.reference : await findReference(config, found, trained, around);
	const optima = await findOptima(opened, trained ?? referencePath(config), folder, around);
	const plan = planRun(config, factory, data, optima);
	if (reference) await scoreAhead(reference, data, plan.steps, around);
	const loaded = await loadModel(config, found, true, around);
	try {
		return await new Execution({ ...opened, reference, folder, plan, optima, loaded, saved }, around).run(profile);
	} finally {
		await loaded.session.dispose();
	}
}

/** An abort before training rejects with ABORTED, whatever the call it interrupted said. */
export function stopIfAborted(signal: AbortSignal, error?: unknown): void {
	const other = error !== undefined && error !== signal.reason && !(error instanceof Interrupted);
	if (!signal.aborted || other) return;
	throw new XrightError("ABORTED", "stopped before training began; nothing was saved", { cause: signal.reason });
}
