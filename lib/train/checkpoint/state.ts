import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunConfig } from "../../config/schema.js";
import type { SamplerState } from "../../data/sampler.js";
import type { Objective } from "../../data/types.js";
import { XrightError } from "../../errors.js";
import type { StrategyState } from "../../strategies/types.js";
import type { Stopped } from "../stop.js";

export const stateName = "state.json";

/** What a run needs, besides tensors, to continue exactly. */
export interface RunState {
	version: 1;
	/** Optimiser steps done. */
	step: number;
	/** Step of the last held-out evaluation written to metrics.jsonl; −1 when there was none. */
	evaluated: number;
	/** What must not change between checkpoint and resume. */
	identity: RunIdentity;
	samplers: Partial<Record<Objective, SamplerState>>;
	strategy: { name: string; state: StrategyState };
	/** Length of metrics.jsonl. */
	metricsBytes: number;
	totals: RunTotals;
	/** First and last held-out results. */
	initial: Record<string, number>;
	final: Record<string, number>;
	stopped: Stopped | null;
	/** Answers to evaluation.prompts before training. */
	samples: string[];
	versions: { xright: string; torch: string };
}

export interface RunIdentity {
	config: RunConfig;
	/** Of the model's configuration and weights. */
	model: string;
	/** Keys of the tokenised data sets, by objective and use. */
	data: Record<string, string>;
	/** Of the reference policy when the configuration names one. */
	reference: string | null;
}

export interface RunTotals {
	tokens: number;
	/** Time spent in optimiser steps. */
	seconds: number;
}

/** Reads the state of a verified checkpoint. Throws CHECKPOINT. */
export async function readState(folder: string): Promise<RunState> {
	const path = join(folder, stateName);
	let state: RunState;
	try {
		state = JSON.parse(await readFile(path, "utf8")) as RunState;
	} catch (cause) {
		throw new XrightError("CHECKPOINT", `${path} could not be read: ${(cause as Error).message}`, { cause });
	}
	if (state.version !== 1) {
		throw new XrightError("CHECKPOINT", `${path} has version ${state.version}; this program reads version 1`, {
			hint: "Continue with the version of xright-native that wrote it.",
		});
	}
	return state;
}
