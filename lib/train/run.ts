import type { RunConfig, RunConfigInput } from "../config/schema.js";
import type { Strategy, StrategyFactory } from "../strategies/types.js";
import { type DryRun, planRunOnly, planText } from "./dry-run.js";
import type { RunSummary } from "./events.js";
import { executeRun } from "./execute.js";
import { type Job, startJob } from "./job.js";

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

/** A strategy object as it is serves one run. */
function asFactory(strategy: Strategy | StrategyFactory): StrategyFactory {
	if ("create" in strategy) return strategy;
	return { name: strategy.name, objectives: strategy.objectives, create: () => strategy };
}
