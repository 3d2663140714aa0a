import type { RunConfig } from "../config/schema.js";
import { XrightError } from "../errors.js";
import { type AdapterFiles, readAdapter } from "../model/adapter.js";
import { resolveModel } from "../model/resolve.js";
import type { ModelFiles } from "../model/types.js";
import type { AdapterSpec, LoadSpec, ModelInfo } from "../native/binding.js";
import { chooseDevice } from "../native/numerics.js";
import { openSession, type Session } from "../native/session.js";
import { createTokenizer } from "../tokenizer/tokenizer.js";
import type { Tokenizer } from "../tokenizer/types.js";
import type { RunEvent } from "./events.js";

/** What outside the configuration a command works with. */
export interface Surroundings {
	env: NodeJS.ProcessEnv;
	signal: AbortSignal;
	emit(event: RunEvent): void;
}

/** A model found on disk, with its tokenizer and the adapter to start from. */
export interface FoundModel {
	files: ModelFiles;
	tokenizer: Tokenizer;
	adapter: AdapterFiles | null;
	/** Changes whenever model or adapter change. */
	fingerprint: string;
}

/** Finds (and fetches if need be) the model and adapter of a configuration; loads nothing. */
export async function findModel(config: RunConfig, around: Surroundings): Promise<FoundModel> {
	const files = await resolveModel(config.model.path, {
		env: around.env,
		signal: around.signal,
		onMessage: (message) => around.emit({ event: "info", message }),
		onProgress: ({ label, received, total }) => {
			around.emit({ event: "progress", phase: `fetching ${label}`, done: received, total, unit: "bytes" });
		},
	});
	const init = config.adapter.type === "lora" ? config.adapter.init : null;
	const adapter = init === null ? null : await readAdapter(init);
	const fingerprint = [files.fingerprint, ...(adapter ? [adapter.fingerprint] : [])].join(" ");
	return { files, tokenizer: createTokenizer(files.tokenizer), adapter, fingerprint };
}

export interface LoadedModel {
	session: Session;
	info: ModelInfo;
}

/** Loads a found model into a session: to train as the configuration says, or (`train` false) to score and generate. */
export async function loadModel(
	config: RunConfig,
	found: FoundModel,
	train: boolean,
	around: Surroundings,
): Promise<LoadedModel> {
	const session = await openSession({ device: config.device, env: around.env });
	try {
		const info = await session.load(loadSpec(config, found, train, session.runtime.cudaDevices), around.signal);
		checkLength(config, info);
		return { session, info };
	} catch (error) {
		await session.dispose();
		throw error;
	}
}

/** Rotary embeddings go on past the length a model was made for; a table of learned positions ends there. */
function checkLength(config: RunConfig, { learnedPositions, maxPositions }: ModelInfo): void {
	const { maxLength } = config.data;
	if (!learnedPositions || maxLength <= maxPositions) return;
	throw new XrightError("CONFIG", `data.maxLength is ${maxLength}, but the model has ${maxPositions} positions`, {
		hint: `Set data.maxLength to ${maxPositions} or less.`,
	});
}

function loadSpec(config: RunConfig, found: FoundModel, train: boolean, cudaDevices: string[]): LoadSpec {
	const full = config.adapter.type === "none";
	return {
		config: found.files.config,
		dtype: config.model.dtype,
		device: chooseDevice(config.device, cudaDevices),
		threads: config.threads,
		weights: found.files.weights,
		adapter: train || found.adapter ? adapterSpec(config, found.adapter) : null,
		train: !train ? "none" : full ? "full" : "adapter",
		gradientCheckpointing: train && config.train.gradientCheckpointing,
	};
}

function adapterSpec(config: RunConfig, init: AdapterFiles | null): AdapterSpec | null {
	const { adapter, seed } = config;
	if (adapter.type === "none") return null;
	const { rank, alpha, dropout, rsLora, targets } = adapter;
	if (init === null) return { rank, alpha, dropout, rsLora, targets, seed };
	const { config: own, weights } = init;
	return { rank: own.rank, alpha: own.alpha, dropout, rsLora: own.rsLora, targets: own.targets, seed, weights };
}
