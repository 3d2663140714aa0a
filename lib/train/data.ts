import { join } from "node:path";
import type { RunConfig } from "../config/schema.js";
import { loadDataset } from "../data/dataset.js";
import { streams } from "../data/random.js";
import { Sampler } from "../data/sampler.js";
import type { Dataset, Objective } from "../data/types.js";
import { userCache } from "../model/hub/settings.js";
import type { Tokenizer } from "../tokenizer/types.js";
import type { RowSet, TrainSet } from "./context.js";
import type { Surroundings } from "./model.js";
import { objectiveNames, traitsOf } from "./objectives.js";
import { ReferenceLogps } from "./reference/logps.js";

/** Streams of random numbers that order the rows. */
const orders: Record<Objective, number> = { preference: streams.preferenceOrder, sft: streams.sftOrder };

/** The data sets of a run. */
export interface RunData {
	train: Partial<Record<Objective, TrainSet>>;
	heldOut: Partial<Record<Objective, RowSet>>;
	/** Key of each data set's content, by objective and use. */
	keys: Record<string, string>;
	close(): void;
}

/** Opens the data of the objectives a strategy trains, and all held-out data there is. */
export async function openData(
	config: RunConfig,
	objectives: readonly Objective[],
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<RunData> {
	const data: RunData = { train: {}, heldOut: {}, keys: {}, close: () => closeAll(data) };
	try {
		for (const objective of objectiveNames) {
			if (objectives.includes(objective)) await openTraining(data, objective, config, tokenizer, around);
			await openHeldOut(data, objective, config, tokenizer, around);
		}
	} catch (error) {
		data.close();
		throw error;
	}
	return data;
}

async function openTraining(
	data: RunData,
	objective: Objective,
	config: RunConfig,
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<void> {
	const set = await openRows(config, objective, "train", tokenizer, around);
	if (!set) return;
	const { seed, train } = config;
	data.keys[objective] = set.dataset.key;
	data.train[objective] = {
		...set,
		sampler: new Sampler(set.dataset.length, { seed, shuffle: train.shuffle, stream: orders[objective] }),
	};
}

async function openHeldOut(
	data: RunData,
	objective: Objective,
	config: RunConfig,
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<void> {
	const set = await openRows(config, objective, "evaluation", tokenizer, around);
	if (!set) return;
	data.keys[`${objective}.evaluation`] = set.dataset.key;
	data.heldOut[objective] = set;
}

/** Opens one data set of the configuration; null when it has none. */
export async function openRows<O extends Objective>(
	config: RunConfig,
	objective: O,
	use: "train" | "evaluation",
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<(RowSet & { dataset: Dataset<O> }) | null> {
	const source = config.data[objective];
	const spec = use === "train" ? source : source?.evaluation && { ...source, ...source.evaluation };
	if (!spec) return null;
	const name = use === "train" ? `data.${objective}` : `data.${objective}.evaluation`;
	const { maxLength, maxBadRows } = config.data;
	const dataset = await loadDataset(objective, spec, {
		tokenizer,
		maxLength,
		maxBadRows,
		cacheDir: join(userCache(around.env), "xright-native", "data"),
		onProgress: (done, total) =>
			around.emit({ event: "progress", phase: `reading ${name}`, done, total, unit: "bytes" }),
		onMessage: (event, message) => around.emit({ event, message }),
		signal: around.signal,
	});
	const { report } = dataset;
	const dropped = Object.entries(report.dropped).map(([reason, count]) => `${count} dropped: ${reason}`);
	const parts = [`${dataset.length} rows`, ...dropped];
	if (report.truncated > 0) parts.push(`${report.truncated} shortened to ${config.data.maxLength} tokens`);
	around.emit({ event: dropped.length > 0 ? "warning" : "info", message: `${name}: ${parts.join("; ")}` });
	const reference = traitsOf(objective).needsReference ? new ReferenceLogps(dataset) : null;
	return { dataset, path: spec.path, reference };
}

function closeAll(data: RunData): void {
	for (const set of [...Object.values(data.train), ...Object.values(data.heldOut)]) set.dataset.close();
}
