import type { RunConfig, RunConfigInput } from "../config/schema.js";
import type { Strategy, StrategyFactory } from "../strategies/types.js";
import { type DryRun, planRunOnly, planText } from "./dry-run.js";
import type { RunEvent, RunSummary } from "./events.js";
import { executeRun } from "./execute.js";
import type { Surroundings } from "./model.js";
import { EventQueue } from "./queue.js";

export interface RunOptions {
	/** Stops the run after the running micro-batch; it saves a checkpoint and ends as "interrupted". */
	signal?: AbortSignal;
	/** Continue from the newest intact checkpoint of the output folder. */
	resume?: boolean;
	/** Check everything and say the plan in info events; train nothing. */
	dryRun?: boolean;
	/** Measure where the native time goes; the summary holds it. */
	profile?: boolean;
	/** A strategy of the caller's own instead of the configuration's. */
	strategy?: Strategy | StrategyFactory;
	/** Environment for caches, proxies and tokens; default `process.env`. */
	env?: NodeJS.ProcessEnv;
}

/** A running job: iterate over its events, await its result. Leaving an `await using` block stops it. */
export interface Job<Result> extends AsyncIterable<RunEvent>, AsyncDisposable {
	/** Rejects with an XrightError; ABORTED when the run was stopped before it trained. */
	readonly result: Promise<Result>;
}

/**
 * Starts a training run. Events can be read (by one reader) or ignored; `result` settles either way. It prints
 * nothing, installs no signal handler and never exits the process.
 */
export function run(config: RunConfig | RunConfigInput, options: RunOptions = {}): Job<RunSummary> {
	const { resume = false, dryRun = false, profile = false, strategy } = options;
	const factory = strategy && asFactory(strategy);
	return startJob(options, (around) =>
		dryRun ? planText(config, factory, around) : executeRun(config, { resume, profile, strategy: factory }, around),
	);
}

/** What a run of this configuration would do: rows, tokens, steps, parameters, memory. Trains nothing. */
export function dryRun(
	config: RunConfig | RunConfigInput,
	options: Omit<RunOptions, "resume" | "dryRun"> = {},
): Job<DryRun> {
	const factory = options.strategy && asFactory(options.strategy);
	return startJob(options, async (around) => (await planRunOnly(config, factory, around)).plan);
}

/** Runs work that emits events as a job. */
function startJob<Result>(
	{ signal: outer, env = process.env }: RunOptions,
	work: (around: Surroundings) => Promise<Result>,
): Job<Result> {
	const queue = new EventQueue();
	const stop = new AbortController();
	const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
	const result = work({ env, signal, emit: (event) => queue.push(event) });
	// The reader of the events gets the error too; a caller who only reads must not meet an unhandled rejection.
	const settled = result.then(
		() => queue.end(),
		(error: unknown) => queue.end(error),
	);
	return {
		result,
		[Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
		async [Symbol.asyncDispose]() {
			stop.abort();
			await settled;
		},
	};
}

/** A strategy object as it is serves one run. */
function asFactory(strategy: Strategy | StrategyFactory): StrategyFactory {
	if ("create" in strategy) return strategy;
	return { name: strategy.name, objectives: strategy.objectives, create: () => strategy };
}
