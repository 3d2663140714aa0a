import { join } from "node:path";
import type { RunConfig } from "../config/schema.js";
import { ChosenRows } from "../data/chosen.js";
import { loadDataset } from "../data/dataset.js";
import { streams } from "../data/random.js";
import { Sampler } from "../data/sampler.js";
import type { Dataset, Objective, RowKind } from "../data/types.js";
import { userCache } from "../model/hub/settings.js";
import type { Tokenizer } from "../tokenizer/types.js";
import type { RowSet, TrainSet } from "./context.js";
import type { Surroundings } from "./model.js";
import { objectiveNames, traitsOf, type Use } from "./objectives.js";
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
			const wanted = objectives.includes(objective);
			const train = wanted ? await openRows(config, objective, "train", tokenizer, around) : null;
			if (train) addTraining(data, objective, config, train);
			const heldOut = await openRows(config, objective, "evaluation", tokenizer, around);
			if (heldOut) addHeldOut(data, objective, heldOut);
		}
	} catch (error) {
		data.close();
		throw error;
	}
	return data;
}

/** Like `openData`, for fine-tuning on the preferred answers: `data.sft` names the preference rows. */
export const openChosen: typeof openData = async (config, _objectives, tokenizer, around) => {
	const data: RunData = { train: {}, heldOut: {}, keys: {}, close: () => closeAll(data) };
	const pairs = { ...config, data: { ...config.data, preference: config.data.sft } };
	const chosen = async (use: Use): Promise<RowSet | null> => {
		const { rows } = traitsOf(config, "preference", use);
		const found = await openDataset(pairs, "preference", use, rows, tokenizer, around);
		const traits = traitsOf(config, "sft", use);
		return found && { path: found.path, dataset: new ChosenRows(found.dataset), traits, reference: null };
	};
	const train = await chosen("train");
	if (train) addTraining(data, "sft", config, train);
	const heldOut = await chosen("evaluation").catch((error: unknown) => {
		data.close();
		throw error;
	});
	if (heldOut) addHeldOut(data, "sft", heldOut);
	return data;
};

function addTraining(data: RunData, objective: Objective, { seed, train }: RunConfig, set: RowSet): void {
	data.keys[objective] = set.dataset.key;
	data.train[objective] = {
		...set,
		sampler: new Sampler(set.dataset.length, { seed, shuffle: train.shuffle, stream: orders[objective] }),
	};
}

function addHeldOut(data: RunData, objective: Objective, set: RowSet): void {
	data.keys[`${objective}.evaluation`] = set.dataset.key;
	data.heldOut[objective] = set;
}

/** Opens the rows of an objective; null when the configuration has none. */
export async function openRows(
	config: RunConfig,
	objective: Objective,
	use: Use,
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<RowSet | null> {
	const traits = traitsOf(config, objective, use);
	const found = await openDataset(config, objective, use, traits.rows, tokenizer, around);
	return found && { ...found, traits, reference: traits.needsReference ? new ReferenceLogps(found.dataset) : null };
}

async function openDataset<K extends RowKind>(
	config: RunConfig,
	objective: Objective,
	use: Use,
	kind: K,
	tokenizer: Tokenizer,
	around: Surroundings,
): Promise<{ dataset: Dataset<K>; path: string } | null> {
	const source = config.data[objective];
	const spec = use === "train" ? source : source?.evaluation && { ...source, ...source.evaluation };
	if (!spec) return null;
	const name = use === "train" ? `data.${objective}` : `data.${objective}.evaluation`;
	const { maxLength, maxBadRows } = config.data;
	const dataset = await loadDataset(kind, spec, {
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
	return { dataset, path: spec.path };
}

function closeAll(data: RunData): void {
	for (const set of [...Object.values(data.train), ...Object.values(data.heldOut)]) set.dataset.close();
}
