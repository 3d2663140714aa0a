import type { ProfileRow } from "../native/binding.js";

/** What one contender is asked to do, in a process of its own; goes to workers and peers as JSON. */
export interface Job {
	/** Native objective: dpo, sft or orpo. */
	objective: string;
	/** Model folder (Hugging Face layout), .gguf file or model id. */
	model: string;
	/** JSON lines: {prompt, completion} for the objective sft, {prompt, chosen, rejected} for every other. */
	rows: string;
	/** SFT rows, for workers that train both objectives. */
	sftRows: string;
	/** Rows per optimiser step. */
	batch: number;
	/** Optimiser steps that are timed; one more before them is not. */
	steps: number;
	threads: number;
	dtype: "bfloat16" | "float32";
	/** Modules that carry a LoRA adapter of rank 16; null trains every weight. */
	targets: string[] | "all-linear" | null;
	gradientCheckpointing: boolean | "selective";
	/** Reference log-probs are computed before the clock starts. */
	cachedReference: boolean;
	/** Everything only one kind of worker knows. */
	settings: Record<string, string | number | boolean>;
}

/** A process that can take a job: our own workers, or a peer's script. */
export type Runner = "train" | "micro-batch" | "strategy" | "start" | "trl" | "torch" | "llama.cpp";

/** Products of one row, from our own worker: what training on it cannot do without. */
export interface Work {
	/** Tokens, a pair's prompt counted once. */
	tokens: number;
	/** Floating-point operations of scoring the row under the reference policy; 0 for objectives without one. */
	referenceFlops: number;
	/** Those of training: forward, gradients of activations, and gradients of the weights if all are trained. */
	trainFlops: number;
}

/** What a contender reports. */
export interface Measurement {
	/** Wall time of one optimiser step. */
	secondsPerStep: number;
	rowsPerSecond: number;
	/** High-water mark of resident memory. */
	peakBytes: number;
	/** Processor seconds per wall second of the timed steps; null where it is not known. */
	cpu: number | null;
	/** From the start of the process to the end of its first step. */
	startSeconds: number;
	losses: number[];
	versions: Record<string, string>;
	/** Settings that the contender refused or that had no effect. */
	notes?: string[];
	work?: Work;
	/** Shapes of the model's products, for measuring how fast this machine does them alone. */
	products?: Product[];
	/** Where the time of the same steps goes, from a pass after the timed ones. */
	profile?: ProfileRow[];
	/** Numbers of this kind of trial only. */
	detail?: Record<string, number>;
}

/** `count` matrices of in × out. */
export interface Product {
	in: number;
	out: number;
	count: number;
}

export interface Contender {
	name: string;
	runner: Runner;
	job: Partial<Job>;
}

/** Measurements of one round by contender; of a contender that did not take part there is none. */
export type Round = Record<string, Measurement>;

export interface Bar {
	text: string;
	/** The figure in one round, null when a contender it needs did not take part. */
	value(round: Round): number | null;
	/** "×", "%" or "s". */
	unit: string;
	atLeast?: number;
	atMost?: number;
	stretch?: number;
}

/** A chart over contenders that differ in one number, such as tokens of a micro-batch. */
export interface Sweep {
	title: string;
	x: string;
	y: string;
	/** The x axis is logarithmic. */
	log?: boolean;
	/** Name of the line and position on the x axis; null leaves the contender out. */
	place(contender: Contender): { line: string; x: number } | null;
	value(measurement: Measurement): number;
}

export interface Trial {
	name: string;
	title: string;
	/** Name of a shape in lib/bench/shapes. */
	model: string;
	job: Partial<Job>;
	/** The first is what the others are compared with. */
	contenders: Contender[];
	bars: Bar[];
	sweeps?: Sweep[];
}

/** What is stored of a trial. */
export interface TrialResult {
	trial: string;
	date: string;
	machine: string;
	threads: number;
	versions: Record<string, string>;
	/** The model's real weights, or its shape with random ones. */
	weights: "real" | "random";
	rounds: Round[];
	/** Peers that failed, with why; they take no further part. */
	failed: Record<string, string>;
	/** Rate of this machine's bfloat16 products of the model's shapes, in each round; empty without a peer's torch. */
	productFlops: number[];
}
