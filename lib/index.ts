export { loadConfig } from "./config/load.js";
export { parseConfig } from "./config/parse.js";
export type { RunConfig, RunConfigInput } from "./config/schema.js";
export type { SweepConfigInput } from "./config/sweep.js";
export type { DataReport, Message, Objective } from "./data/types.js";
export { type ErrorCode, errorCodes, XrightError } from "./errors.js";
export type { ModelInfo } from "./native/binding.js";
export { findStrategy, strategies } from "./strategies/index.js";
export type {
	Choice,
	Losses,
	Plan,
	RandomSource,
	Strategy,
	StrategyContext,
	StrategyFactory,
	StrategyState,
} from "./strategies/types.js";
export { type Grid, type GridPoint, loadSweep } from "./sweep/grid.js";
export { type PlannedPoint, planSweep, type SweepPlan, sweep } from "./sweep/sweep.js";
export type { GroupRecord, PointRecord, SweepEvent, SweepResult } from "./sweep/types.js";
export { type AnswerOptions, generate } from "./train/answer.js";
export type { DryRun } from "./train/dry-run.js";
export type {
	CheckpointEvent,
	EvalEvent,
	MessageEvent,
	ProgressEvent,
	RunEvent,
	RunSummary,
	Sample,
	StartEvent,
	StepEvent,
} from "./train/events.js";
export type { Job } from "./train/job.js";
export type { EstimatedOptimum, Optima, Optimum, Provenance } from "./train/optima/types.js";
export { dryRun, type RunOptions, run } from "./train/run.js";
export { type PreferenceScore, type RowScore, type SftScore, score } from "./train/score.js";
export type { Stopped } from "./train/stop.js";
