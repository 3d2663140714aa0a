import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RunConfig } from "../../config/schema.js";
import { XrightError } from "../../errors.js";
import { firstDifference } from "../../tokenizer/vocabulary.js";
import { allRows, streamMicroBatches } from "../batches.js";
import { checkInterrupted, type RowSet } from "../context.js";
import type { RunData } from "../data.js";
import { type FoundModel, findModel, loadModel, type Surroundings } from "../model.js";
import { openRowStore } from "./cache.js";
import type { ReferenceLogps } from "./logps.js";

/** A reference policy of its own, found on disk and not loaded. */
export interface FoundReference {
	/** The run's configuration with the reference as its model. */
	config: RunConfig;
	found: FoundModel;
}

/**
 * Finds the model that `path` names, or the adapter for the run's own model. Throws CONFIG when its tokens are not those
 * of the run's model.
 */
export async function findReference(
	config: RunConfig,
	policy: FoundModel,
	path: string,
	around: Surroundings,
): Promise<FoundReference> {
	const own = referenceConfig(config, path);
	const found = await findModel(own, around).catch((error: unknown) => {
		throw error instanceof XrightError ? ofReference(error) : error;
	});
	const other = firstDifference(policy.files.tokenizer.tokenizerJson, found.files.tokenizer.tokenizerJson);
	if (other === null) return { config: own, found };
	const [mine, theirs] = other.tokens.map((token) => JSON.stringify(token));
	const text = `reference.path: ${path} has another vocabulary than ${config.model.path}: token ${other.id} is ${theirs}, not ${mine}`;
	throw new XrightError("CONFIG", text, { hint: "The reference must be a model with the same tokenizer." });
}

/** The same error, naming the key that the user wrote. */
function ofReference({ code, message, hint, detail, cause }: XrightError): XrightError {
	const options = { cause, ...(hint === undefined ? {} : { hint }), ...(detail === undefined ? {} : { detail }) };
	return new XrightError(code, message.replace(/^model\.path/, "reference.path"), options);
}

function referenceConfig(config: RunConfig, path: string): RunConfig {
	if (existsSync(join(path, "adapter_config.json")) && !existsSync(join(path, "config.json"))) {
		// Rank, alpha and targets are those of the folder.
		return {
			...config,
			adapter: { type: "lora", rank: 1, alpha: 1, dropout: 0, rsLora: false, targets: [], init: path },
		};
	}
	return { ...config, model: { ...config.model, path }, adapter: { type: "none" } };
}

/**
 * Scores every row that `steps` steps and the evaluations can need, in a session that is gone when this returns. Rows
 * are grouped as the data set is, so a row's numbers depend on neither the run's seed nor what was known before.
 */
export async function scoreAhead(
	reference: FoundReference,
	data: RunData,
	steps: number,
	around: Surroundings,
): Promise<void> {
	const sets = neededRows(reference.config, data, steps);
	const packing = { microBatchTokens: reference.config.train.microBatchTokens };
	for (const { logps, set } of sets) await openRowStore(logps, set, reference, packing, around);
	const total = sets.reduce((sum, { logps, rows }) => sum + rows.filter((row) => !logps.has(row)).length, 0);
	if (total === 0) return;
	let done = 0;
	const { session } = await loadModel(reference.config, reference.found, false, around);
	try {
		for (const needed of sets) {
			for (const { microBatch, missing } of groups(reference.config, needed)) {
				checkInterrupted(around);
				await needed.logps.learn(microBatch.rows, (await session.score(microBatch.batch, "current")).logps);
				done += missing;
				around.emit({ event: "progress", phase: "reference log-probs", done, total, unit: "rows" });
			}
		}
	} finally {
		await session.dispose();
	}
}

interface Needed {
	logps: ReferenceLogps;
	set: RowSet;
	rows: number[];
}

function neededRows(config: RunConfig, data: RunData, steps: number): Needed[] {
	const train = Object.values(data.train).flatMap((set) => {
		const count = steps * config.train.batch[set.dataset.objective];
		return set.reference ? [{ logps: set.reference, set, rows: set.sampler.upcoming(count) }] : [];
	});
	const heldOut = Object.values(data.heldOut).flatMap((set) =>
		set.reference ? [{ logps: set.reference, set, rows: allRows(set.dataset.length) }] : [],
	);
	return [...train, ...heldOut];
}

/** The micro-batches of the whole data set that hold needed rows not known, with the number of those. */
function* groups(config: RunConfig, { logps, set: { dataset }, rows }: Needed) {
	const needed = new Set(rows);
	for (const microBatch of streamMicroBatches(dataset, allRows(dataset.length), config.train.microBatchTokens)) {
		const missing = microBatch.rows.filter((row) => needed.has(row) && !logps.has(row)).length;
		if (missing > 0) yield { microBatch, missing };
	}
}
