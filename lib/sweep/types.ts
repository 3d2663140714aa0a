import type { RunConfig } from "../config/schema.js";
import type { ErrorCode } from "../errors.js";
import type { RunEvent } from "../train/events.js";
import type { measureNames } from "./measures.js";

export type MeasureName = (typeof measureNames)[number];

/** What a run came to; null where it was not measured. */
export type Measures = Record<MeasureName, number | null>;

export interface PointError {
	code: ErrorCode;
	message: string;
	hint?: string;
	/** Long technical text, such as the last that a process wrote before it died. */
	detail?: string;
}

/** One run of a sweep in front.json; the measures are those of a completed run, else null. */
export interface PointRecord extends Measures {
	/** Strategy with its options, λ and seed; also the name of its folder. */
	name: string;
	/** The name without λ and seed: what is repeated over seeds has label and λ in common. */
	label: string;
	strategy: string;
	lambda: number | null;
	seed: number;
	/** `pending`: its turn has not come. */
	status: "completed" | "failed" | "interrupted" | "pending";
	error: PointError | null;
	/** The run's folder, relative to that of the sweep. */
	folder: string;
}

/** The completed runs of a strategy at one λ over all seeds. */
export interface GroupRecord {
	label: string;
	strategy: string;
	lambda: number | null;
	seeds: number[];
	mean: Measures;
	/** Sample standard deviation over the seeds; null for a single one. */
	deviation: Measures;
	/** Compared with the mean of the baseline; null without a completed baseline. */
	versus_baseline: Comparison | null;
}

export interface Comparison {
	/** Increase over the baseline in percent. */
	runtime_percent: number | null;
	memory_percent: number | null;
	gpu_utilization_percent: number | null;
	/** Δm% over `delta_m_measures`. */
	delta_m_percent: number | null;
	delta_m_measures: MeasureName[];
}

/** The contents of front.json, and the result of a sweep. */
export interface SweepResult {
	format: 1;
	status: "completed" | "failed" | "interrupted";
	points: PointRecord[];
	groups: GroupRecord[];
	/** Label of the group that the others are compared with: the first sequential strategy. */
	baseline: string | null;
	/** Completed runs that no other one beats in both held-out losses, by rising DPO loss. */
	front: { name: string; label: string; lambda: number | null; seed: number; dpo: number; sft: number }[];
	/** Losses the gaps are measured from. */
	optima: { preference: number | null; sft: number | null };
	provenance: {
		xright: string;
		/** The model as configured, and its fingerprint. */
		model: string;
		model_fingerprint: string;
		/** Keys of the tokenised data sets, by objective and use. */
		data: Record<string, string>;
		written: string;
	};
}

export interface SweepStartEvent {
	event: "sweep";
	points: number;
	/** Points whose result is there already. */
	finished: number;
	output: string;
}

export interface PointStartEvent {
	event: "point";
	point: string;
	/** From 1. */
	index: number;
	points: number;
}

export interface PointEndEvent {
	event: "point-end";
	point: string;
	index: number;
	points: number;
	record: PointRecord;
}

/** Events of a sweep; those of its runs carry the name of the point they belong to. */
export type SweepEvent = SweepStartEvent | PointStartEvent | PointEndEvent | (RunEvent & { point?: string });

/** What the process of a point is told. */
export type ToPoint = { config: RunConfig } | "stop";
