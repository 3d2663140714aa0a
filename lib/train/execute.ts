import { join } from "node:path";
import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import { XrightError } from "../errors.js";
import type { StrategyFactory } from "../strategies/types.js";
import { replaceFolder } from "./artifact.js";
import { compareRuns } from "./checkpoint/compare.js";
import { resultKey, runIdentity } from "./checkpoint/identity.js";
import { findCheckpoint } from "./checkpoint/read.js";
import { removeLeftovers } from "./checkpoint/retention.js";
import { type CheckpointParts, restoreRun, saveRun } from "./checkpoint/run-checkpoint.js";
import { type RunState, readState } from "./checkpoint/state.js";
import { Interrupted, type TrainContext } from "./context.js";
import { openData, type RunData } from "./data.js";
import { prettyJson, replaceFile } from "./durable.js";
import type { RunProfile, RunSummary } from "./events.js";
import { openRunFolder, type RunFolder } from "./folder.js";
import { GpuMonitor } from "./gpu.js";
import { freshProgress, type Progress, trainLoop } from "./loop.js";
import { MetricsFile } from "./metrics.js";
import { type FoundModel, findModel, type LoadedModel, loadModel, type Surroundings } from "./model.js";
import { planNotes, planRun, type RunPlan, strategyFactory } from "./plan.js";
import { Profiler } from "./profile.js";
import { ReferencePolicy } from "./reference.js";
import { answerPrompts } from "./samples.js";
import { summarize } from "./summary.js";
import { version } from "./version.js";
import { trainedWeights } from "./weights.js";

export interface ExecuteOptions {
	resume: boolean;
	profile: boolean;
	strategy: StrategyFactory | undefined;
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
		const found = await findModel(config, around);
		const factory = strategyFactory(config, options.strategy);
		const data = await openData(config, factory.objectives, found.tokenizer, around);
		try {
			const plan = planRun(config, factory, data);
			for (const message of planNotes(config, plan.strategy, data)) around.emit({ event: "info", message });
			stopIfAborted(around.signal);
			const loaded = await loadModel(config, found, true, around);
			try {
				return await new Execution(config, folder, found, data, plan, loaded, around).run(options);
			} finally {
				await loaded.session.dispose();
			}
		} finally {
			data.close();
		}
	} catch (error) {
		stopIfAborted(around.signal, error);
		throw error;
	} finally {
		await folder.release();
	}
}

/** An abort before training rejects with ABORTED, whatever the call it interrupted said. */
function stopIfAborted(signal: AbortSignal, error?: unknown): void {
	const other = error !== undefined && error !== signal.reason && !(error instanceof Interrupted);
	if (!signal.aborted || other) return;
	throw new XrightError("ABORTED", "stopped before training began; nothing was saved", { cause: signal.reason });
}

/** The run is complete; only its last answers are not. */
function nothingIfStopped(error: unknown): string[] {
	if (error instanceof Interrupted) return [];
	throw error;
}

/** The part of a run that has everything open. */
class Execution {
	readonly #config: RunConfig;
	readonly #folder: RunFolder;
	readonly #found: FoundModel;
	readonly #data: RunData;
	readonly #plan: RunPlan;
	readonly #loaded: LoadedModel;
	readonly #context: TrainContext;
	readonly #parts: CheckpointParts;

	constructor(
		config: RunConfig,
		folder: RunFolder,
		found: FoundModel,
		data: RunData,
		plan: RunPlan,
		loaded: LoadedModel,
		around: Surroundings,
	) {
		this.#config = config;
		this.#folder = folder;
		this.#found = found;
		this.#data = data;
		this.#plan = plan;
		this.#loaded = loaded;
		const { session, info } = loaded;
		const { steps, strategy, optima } = plan;
		const reference = new ReferencePolicy(session, config.adapter.type !== "none");
		const { train, heldOut } = data;
		const { emit, signal } = around;
		this.#context = { config, steps, session, strategy, train, heldOut, reference, optima, emit, signal };
		const identity = runIdentity(config, found, data);
		this.#parts = {
			folder: folder.checkpoints,
			context: this.#context,
			trained: trainedWeights(session, config, found.files, info),
			identity,
			versions: { xright: version, torch: session.runtime.torch },
		};
	}

	async run({ resume, profile }: ExecuteOptions): Promise<RunSummary> {
		await removeLeftovers(this.#folder.checkpoints);
		const saved = resume ? await this.#findState() : null;
		const progress = saved ? await restoreRun(this.#parts, saved.path, saved.state) : freshProgress();
		await replaceFile(this.#folder.config, prettyJson(this.#config));
		const metrics = await MetricsFile.open(this.#folder.metrics, saved?.state.metricsBytes ?? 0);
		const gpu = new GpuMonitor(this.#loaded.info.device);
		try {
			this.#announce(progress);
			if (progress.step === 0) progress.samples = await this.#answers();
			const profiler = profile ? await Profiler.start(this.#loaded.session) : null;
			const status = await trainLoop(this.#context, progress, metrics, () => saveRun(this.#parts, progress, metrics));
			const measured = (await profiler?.stop()) ?? null;
			return await this.#finish(status, progress, gpu.stop(), measured);
		} finally {
			gpu.stop();
			await metrics.close();
		}
	}

	/** The newest intact checkpoint, checked against this run; null when there is none yet. */
	async #findState(): Promise<{ path: string; state: RunState } | null> {
		const { emit } = this.#context;
		const found = await findCheckpoint(this.#folder.checkpoints, (message) => emit({ event: "warning", message }));
		if (!found) {
			emit({ event: "info", message: `${this.#folder.path} has no checkpoint yet: the run starts at step 1` });
			return null;
		}
		const state = await readState(found.path);
		const hasStages = this.#plan.strategy.stageObjectives !== undefined;
		const changed = compareRuns(state.identity, this.#parts.identity, hasStages);
		if (changed.length > 0) {
			const message = `${changed.join(", ")} changed: the numbers can differ in their last digits from here on`;
			emit({ event: "warning", message });
		}
		return { path: found.path, state };
	}

	#announce(progress: Progress): void {
		const { rows, steps, strategy } = this.#plan;
		const { info: model } = this.#loaded;
		const output = this.#folder.path;
		const start = { steps, resumedFrom: progress.step, model, output, strategy: strategy.name, rows };
		this.#context.emit({ event: "start", ...start });
	}

	async #finish(
		status: RunSummary["status"],
		progress: Progress,
		gpu: number | null,
		profile: RunProfile | null,
	): Promise<RunSummary> {
		const { trained } = this.#parts;
		const artifact = join(this.#folder.path, trained.folder);
		await replaceFolder(artifact, (folder) => trained.write(folder));
		const answers = status === "completed" ? await this.#answers().catch(nothingIfStopped) : [];
		const memory = this.#loaded.session.memory();
		const prompts = this.#config.evaluation.prompts;
		const key = resultKey(this.#parts.identity);
		const parts = { key, gpu, memory, artifact, data: this.#data, prompts, answers, profile };
		const summary = summarize(status, progress, parts);
		await replaceFile(this.#folder.summary, prettyJson(summary));
		return summary;
	}

	#answers(): Promise<string[]> {
		return answerPrompts(this.#context, this.#loaded.session, this.#found.tokenizer, this.#loaded.info, this.#config);
	}
}
