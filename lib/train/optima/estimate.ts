import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Objective } from "../../data/types.js";
import { alone } from "../../strategies/index.js";
import { openData } from "../data.js";
import { type OpenedTraining, type Training, withOpened } from "../execute.js";
import type { RunFolder } from "../folder.js";
import type { Surroundings } from "../model.js";
import { objectiveNames, traitsOf } from "../objectives.js";
import { aloneConfig } from "../stages/config.js";
import { runStage, stageEvents } from "../stages/run-stage.js";
import { readStored, share, sharedPlace, stageKey, writeStored } from "../stages/store.js";
import { version } from "../version.js";
import { givenOptima } from "./given.js";
import { lowestLosses, type MetricRow } from "./lowest.js";
import type { EstimatedOptimum, Optima } from "./types.js";

const kind = "optima";

/**
 * The optima of the configuration: its numbers, or estimates for every objective that has data. `reference` is the
 * model or adapter that preference losses are measured against, if not the run's own start.
 */
export async function findOptima(
	opened: OpenedTraining,
	reference: string | null,
	folder: RunFolder,
	around: Surroundings,
): Promise<Optima> {
	const { config } = opened;
	if (config.optima !== "estimate") return givenOptima(config);
	const optima: Optima = {};
	for (const objective of objectiveNames) {
		const source = config.data[objective];
		if (source === null) continue;
		const path = traitsOf(config, objective, "evaluation").needsReference ? reference : null;
		const output = join(folder.optima, objective);
		const stage: Training = {
			config: aloneConfig(config, objective, source, path === null ? null : { path }, output),
			factory: alone[objective],
			open: openData,
		};
		const found = await estimate(objective, stage, `${output}.json`, around);
		optima[objective] = {
			training: found.training.loss,
			heldOut: found.heldOut?.loss ?? found.training.loss,
			source: found,
		};
	}
	return optima;
}

/** The estimate that this run holds, else that of an earlier one, else from a training now; kept in both places. */
async function estimate(
	objective: Objective,
	stage: Training,
	copy: string,
	around: Surroundings,
): Promise<EstimatedOptimum> {
	const name = `training ${objective} alone for its optimum`;
	const quiet = { ...around, emit: stageEvents(name, around.emit) };
	return withOpened(stage, quiet, async (opened) => {
		const key = stageKey(opened.identity, {});
		const own = await readStored<EstimatedOptimum>(copy, key);
		const shared = await readStored<EstimatedOptimum>(sharedPlace(kind, key, around), key);
		const known = own ?? shared;
		const found = known ?? (await train(name, objective, opened, key, around));
		if (!own) await writeStored(copy, key, found);
		if (!shared) await share(kind, key, found, around);
		around.emit({ event: "info", message: describe(found, known === null ? "estimated" : "known") });
		return found;
	});
}

async function train(
	name: string,
	objective: Objective,
	opened: OpenedTraining,
	key: string,
	around: Surroundings,
): Promise<EstimatedOptimum> {
	const { steps } = await runStage(name, opened, around);
	const { config, identity } = opened;
	const text = await readFile(join(config.output, "metrics.jsonl"), "utf8");
	const rows = text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as MetricRow);
	const window = config.evaluation.every ?? Math.ceil(steps / 10);
	const { model, reference, data } = identity;
	const provenance = { key, model, reference, data, steps, version, date: new Date().toISOString() };
	return { objective, ...lowestLosses(rows, traitsOf(config, objective, "train").metric, window), provenance };
}

function describe({ objective, training, heldOut, provenance }: EstimatedOptimum, how: string): string {
	const held = heldOut ? `, ${heldOut.loss.toPrecision(5)} held out (step ${heldOut.step})` : "";
	const batches = `${training.loss.toPrecision(5)} in training (steps ${training.steps.join("–")})`;
	return `optimum of ${objective}, ${how} ${provenance.date.slice(0, 10)}: ${batches}${held}`;
}
