import type { Objective } from "../data/types.js";
import type { ModelInfo, ProfileRow } from "../native/binding.js";
import type { Optima } from "./optima/types.js";
import type { Stopped } from "./stop.js";

/** One row of metrics.jsonl for a training step; metric names are TRL's. */
export interface StepEvent {
	event: "step";
	step: number;
	/** `dpo`, `sft`, or `mix` when both were trained. */
	objective: string;
	loss: number;
	grad_norm: number;
	learning_rate: number;
	/** Tokens run forward and backward in this step. */
	tokens: number;
	seconds: number;
	[metric: string]: number | string | null;
}

/** Held-out losses; gap = loss − optimum. */
export interface EvalEvent {
	event: "eval";
	step: number;
	[metric: string]: number | string | null;
}

export interface StartEvent {
	event: "start";
	/** Steps of the whole run, and the step it continues after. */
	steps: number;
	resumedFrom: number;
	model: ModelInfo;
	output: string;
	strategy: string;
	rows: Record<Objective, number>;
}

export interface CheckpointEvent {
	event: "checkpoint";
	step: number;
	path: string;
}

/** Long work with a known end: downloads, tokenising, reference log-probs, evaluation. */
export interface ProgressEvent {
	event: "progress";
	phase: string;
	done: number;
	total: number;
	unit: "bytes" | "rows" | "steps";
}

/** The reason of an automatic choice, or something ignored. */
export interface MessageEvent {
	event: "info" | "warning";
	message: string;
}

export type RunEvent = StartEvent | StepEvent | EvalEvent | CheckpointEvent | ProgressEvent | MessageEvent;

export interface RunSummary {
	/** `planned`: a dry run, nothing was trained. */
	status: "completed" | "interrupted" | "planned";
	/** Optimiser steps done. */
	steps: number;
	/** Present when `stop` ended the run before its last step. */
	stopped?: Stopped;
	/** Time spent in optimiser steps, those before a resume included. */
	seconds: number;
	/** Tokens run forward and backward in that time. */
	tokens_per_second: number;
	peak_memory_bytes: number;
	/** What that peak is of: this process, or the GPU memory LibTorch allocated. */
	peak_memory_of: "process" | "device";
	gpu_utilization_median: number | null;
	/** Last held-out losses and gaps, e.g. {"dpo": 0.61, "sft": 1.9, "gap/dpo": …, "ideal_distance": …}. */
	final: Record<string, number>;
	/** The same before the first step. */
	initial: Record<string, number>;
	/** What the gaps are to, and where it comes from. */
	optima: Optima;
	dropped: Record<Objective, Record<string, number>>;
	/** Folder of the adapter (PEFT layout) or model (Hugging Face layout). */
	artifact: string;
	/** SHA-256 of configuration, model and data, whatever their place on disk: equal keys are results of the same run. */
	key: string;
	/** Answers to `evaluation.prompts` before the first and after the last step; absent without prompts. */
	samples?: Sample[];
	/** Present when it was asked for. */
	profile?: RunProfile;
}

/** Where the training loop's time went: its wall time, and the native ops in it, the longest first. */
export interface RunProfile {
	seconds: number;
	ops: ProfileRow[];
}

export interface Sample {
	prompt: string;
	before: string;
	after: string;
}
