import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RunConfig } from "../../config/schema.js";
import { XrightError } from "../../errors.js";
import { firstDifference } from "../../tokenizer/vocabulary.js";
import { type FoundModel, findModel, type Surroundings } from "../model.js";

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
