import { join } from "node:path";
import type { Objective } from "../../data/types.js";
import { XrightError } from "../../errors.js";
import type { RowSet, TrainContext } from "../context.js";
import { prettyJson, writeDurable } from "../durable.js";
import type { Progress } from "../loop.js";
import type { MetricsFile } from "../metrics.js";
import { byObjective } from "../objectives.js";
import type { ReferenceLogps } from "../reference/logps.js";
import { restoreWeights, saveState, type TrainedWeights } from "../weights.js";
import { readFloat64, writeFloat64 } from "./reference-file.js";
import { type RunIdentity, type RunState, stateName } from "./state.js";
import { writeCheckpoint } from "./write.js";

const logpsName = "reference-logps.safetensors";

export interface CheckpointParts {
	/** The run's `checkpoints` folder. */
	folder: string;
	context: TrainContext;
	trained: TrainedWeights;
	identity: RunIdentity;
	versions: RunState["versions"];
}

/** Saves the whole run as it stands. */
export async function saveRun(parts: CheckpointParts, progress: Progress, metrics: MetricsFile): Promise<void> {
	const { context, trained } = parts;
	await metrics.sync();
	const { keep } = context.config.checkpoint;
	const path = await writeCheckpoint(parts.folder, progress.step, keep, async (folder) => {
		await trained.write(folder);
		await saveState(context.session, trained, folder);
		const logps = Object.entries(referenceLogps(context)).map(([name, { values }]) => [name, values]);
		await writeFloat64(join(folder, logpsName), Object.fromEntries(logps));
		await writeDurable(join(folder, stateName), prettyJson(describe(parts, progress, metrics.bytes)));
	});
	context.emit({ event: "checkpoint", step: progress.step, path });
}

function describe(parts: CheckpointParts, progress: Progress, metricsBytes: number): RunState {
	const { context, identity, versions } = parts;
	const { strategy } = context;
	const samplers = byObjective((objective) => context.train[objective]?.sampler.state());
	return {
		version: 1,
		...progress,
		identity,
		samplers: samplers as RunState["samplers"],
		strategy: { name: strategy.name, state: strategy.state() },
		metricsBytes,
		versions,
	};
}

/**
 * Puts all but the reference log-probs back to where the checkpoint in `folder` was saved; returns the progress. Throws
 * CHECKPOINT or IO.
 */
export async function restoreRun(parts: CheckpointParts, folder: string, state: RunState): Promise<Progress> {
	const { context, trained } = parts;
	const { strategy } = context;
	if (state.strategy.name !== strategy.name) {
		throw new XrightError("CONFIG", `${folder} was trained by strategy ${state.strategy.name}, not ${strategy.name}`);
	}
	await restoreWeights(context.session, trained, folder);
	strategy.restore(state.strategy.state);
	for (const [objective, position] of Object.entries(state.samplers)) {
		context.train[objective as Objective]?.sampler.restore(position);
	}
	const { step, evaluated, totals, initial, final, stopped, samples } = state;
	return { step, evaluated, totals, initial, final, stopped, samples };
}

/** Puts back the reference log-probs that a checkpoint holds. Throws CHECKPOINT or IO. */
export async function restoreLogps(data: Pick<TrainContext, "train" | "heldOut">, folder: string): Promise<void> {
	for (const [name, logps] of Object.entries(referenceLogps(data))) {
		logps.restore(await readFloat64(join(folder, logpsName), name, logps.values.length));
	}
}

/** The reference log-probs of each row set that has them, by name. */
function referenceLogps({ train, heldOut }: Pick<TrainContext, "train" | "heldOut">): Record<string, ReferenceLogps> {
	const values: Record<string, ReferenceLogps> = {};
	const add = (use: string, sets: Partial<Record<Objective, RowSet>>) => {
		for (const [objective, set] of Object.entries(sets)) {
			if (set.reference) values[`${objective}.${use}`] = set.reference;
		}
	};
	add("train", train);
	add("evaluation", heldOut);
	return values;
}
