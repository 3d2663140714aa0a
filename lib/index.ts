export { loadConfig } from "./config/load.js";
export { parseConfig } from "./config/parse.js";
export type { RunConfig, RunConfigInput } from "./config/schema.js";
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
export { dryRun, type Job, type RunOptions, run } from "./train/run.js";
export { type PreferenceScore, type RowScore, type SftScore, score } from "./train/score.js";
