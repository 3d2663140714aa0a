import { join } from "node:path";
import { replaceFolder } from "./artifact.js";
import { compareRuns } from "./checkpoint/compare.js";
import { resultKey } from "./checkpoint/identity.js";
import { findCheckpoint } from "./checkpoint/read.js";
import { removeLeftovers } from "./checkpoint/retention.js";
import { type CheckpointParts, restoreRun, saveRun } from "./checkpoint/run-checkpoint.js";
import { type RunIdentity, type RunState, readState } from "./checkpoint/state.js";
import { Interrupted, type TrainContext } from "./context.js";
import { prettyJson, replaceFile } from "./durable.js";
import type { RunProfile, RunSummary } from "./events.js";
import type { OpenedTraining } from "./execute.js";
import type { RunFolder } from "./folder.js";
import { GpuMonitor } from "./gpu.js";
import { freshProgress, type Progress, trainLoop } from "./loop.js";
import { MetricsFile } from "./metrics.js";
import type { LoadedModel, Surroundings } from "./model.js";
import type { Optima } from "./optima/types.js";
import type { RunPlan } from "./plan.js";
import { Profiler } from "./profile.js";
import { attachCache } from "./reference/own-cache.js";
import { GivenReference, OwnReference } from "./reference/policy.js";
import { answerPrompts } from "./samples.js";
import { summarize } from "./summary.js";
import { version } from "./version.js";
import { trainedWeights } from "./weights.js";

/** A checkpoint to continue from. */
export interface SavedRun {
	path: string;
	state: RunState;
}

/** The newest intact checkpoint, checked against this run; null when there is none yet. Throws CONFIG or CHECKPOINT. */
export async function findSaved(
	folder: RunFolder,
	identity: RunIdentity,
	hasStages: boolean,
	emit: Surroundings["emit"],
): Promise<SavedRun | null> {
	const found = await findCheckpoint(folder.checkpoints, (message) => emit({ event: "warning", message }));
	if (!found) {
		emit({ event: "info", message: `${folder.path} has no checkpoint yet: the run starts at step 1` });
		return null;
	}
	const state = await readState(found.path);
	const changed = compareRuns(state.identity, identity, hasStages);
	if (changed.length > 0) {
		const message = `${changed.join(", ")} changed: the numbers can differ in their last digits from here on`;
		emit({ event: "warning", message });
	}
	return { path: found.path, state };
}

/** The run is complete; only its last answers are not. */
function nothingIfStopped(error: unknown): string[] {
	if (error instanceof Interrupted) return [];
	throw error;
}

/** Everything a run works with, open. */
export interface ExecutionParts extends OpenedTraining {
	folder: RunFolder;
	plan: RunPlan;
	optima: Optima;
	loaded: LoadedModel;
	saved: SavedRun | null;
}

/** The part of a run that has everything open. */
export class Execution {
	readonly #parts: ExecutionParts;
	readonly #around: Surroundings;
	readonly #context: TrainContext;
	readonly #checkpoint: CheckpointParts;

	constructor(parts: ExecutionParts, around: Surroundings) {
		this.#parts = parts;
		this.#around = around;
		const { config, data, plan, optima, loaded, found, folder, identity } = parts;
		const { session, info } = loaded;
		const { steps, strategy } = plan;
		const reference = parts.reference
			? new GivenReference()
			: new OwnReference(session, config.adapter.type !== "none");
		const { train, heldOut } = data;
		const { emit, signal } = around;
		this.#context = { config, steps, session, strategy, train, heldOut, reference, optima, emit, signal };
		this.#checkpoint = {
			folder: folder.checkpoints,
			context: this.#context,
			trained: trainedWeights(session, config, found.files, info),
			identity,
			versions: { xright: version, torch: session.runtime.torch },
		};
	}

	async run(profile: boolean): Promise<RunSummary> {
		const { folder, saved, loaded, config } = this.#parts;
		await removeLeftovers(folder.checkpoints);
		const progress = saved ? await restoreRun(this.#checkpoint, saved.path, saved.state) : freshProgress();
		if (!this.#parts.reference) await attachCache(this.#context, this.#parts, progress.step, this.#around);
		await replaceFile(folder.config, prettyJson(config));
		const metrics = await MetricsFile.open(folder.metrics, saved?.state.metricsBytes ?? 0);
		const gpu = new GpuMonitor(loaded.info.device);
		try {
			this.#announce(progress);
			if (progress.step === 0) progress.samples = await this.#answers();
			const save = () => saveRun(this.#checkpoint, progress, metrics);
			const profiler = profile ? await Profiler.start(loaded.session) : null;
			const status = await trainLoop(this.#context, progress, metrics, save);
			const measured = (await profiler?.stop()) ?? null;
			return await this.#finish(status, progress, gpu.stop(), measured);
		} finally {
			gpu.stop();
			await metrics.close();
		}
	}

	#announce(progress: Progress): void {
		const { plan, loaded, folder } = this.#parts;
		const { rows, steps, strategy } = plan;
		const start = { steps, resumedFrom: progress.step, model: loaded.info, output: folder.path, rows };
		this.#context.emit({ event: "start", ...start, strategy: strategy.name });
	}

	async #finish(
		status: RunSummary["status"],
		progress: Progress,
		gpu: number | null,
		profile: RunProfile | null,
	): Promise<RunSummary> {
		const { folder, loaded, data, config, optima } = this.#parts;
		const { trained } = this.#checkpoint;
		const artifact = join(folder.path, trained.folder);
		await replaceFolder(artifact, (path) => trained.write(path));
		const answers = status === "completed" ? await this.#answers().catch(nothingIfStopped) : [];
		const memory = loaded.session.memory();
		const { prompts } = config.evaluation;
		const key = resultKey(this.#parts.identity);
		const parts = { key, gpu, memory, artifact, data, prompts, answers, profile, optima };
		const summary = summarize(status, progress, parts);
		await replaceFile(folder.summary, prettyJson(summary));
		return summary;
	}

	#answers(): Promise<string[]> {
		const { loaded, found, config } = this.#parts;
		return answerPrompts(this.#context, loaded.session, found.tokenizer, loaded.info, config);
	}
}
