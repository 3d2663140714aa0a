import { referencePath } from "../config/reference.js";
import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import { XrightError } from "../errors.js";
import type { StrategyFactory } from "../strategies/types.js";
import type { RunIdentity } from "./checkpoint/state.js";
import { Interrupted } from "./context.js";
import { openData, type RunData } from "./data.js";
import type { RunSummary } from "./events.js";
import { Execution, findSaved } from "./execution.js";
import { openRunFolder, type RunFolder } from "./folder.js";
import { type FoundModel, findModel, loadModel, type Surroundings } from "./model.js";
import { givenOptima } from "./optima/given.js";
import { planNotes, planRun, strategyFactory } from "./plan.js";
import { type FoundReference, findReference, scoreAhead } from "./reference/given.js";

export interface ExecuteOptions {
	resume: boolean;
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
			train(opened, folder, options.resume, around),
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
	const data = await open(config, factory.objectives, found.tokenizer, around);
	try {
		const path = referencePath(config);
		const reference = path === null ? null : await findReference(config, found, path, around);
		const identity: RunIdentity = {
			config,
			model: found.fingerprint,
			data: data.keys,
			reference: reference?.found.fingerprint ?? null,
		};
		return await use({ config, factory, found, data, reference, identity });
	} finally {
		data.close();
	}
}

/** Trains in `folder`, whose lock the caller holds, after what must be known first. */
export async function train(
	opened: OpenedTraining,
	folder: RunFolder,
	resume: boolean,
	around: Surroundings,
): Promise<RunSummary> {
	const { config, factory, found, data, reference } = opened;
	const optima = givenOptima(config);
	const plan = planRun(config, factory, data, optima);
	for (const message of planNotes(config, plan.strategy, data)) around.emit({ event: "info", message });
	const hasStages = plan.strategy.stageObjectives !== undefined;
	const saved = resume ? await findSaved(folder, opened.identity, hasStages, around.emit) : null;
	stopIfAborted(around.signal);
	if (reference) await scoreAhead(reference, data, plan.steps, around);
	const loaded = await loadModel(config, found, true, around);
	try {
		return await new Execution({ ...opened, folder, plan, optima, loaded, saved }, around).run();
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
