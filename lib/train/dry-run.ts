import { referencePath } from "../config/reference.js";
import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import type { Objective } from "../data/types.js";
import type { StrategyFactory } from "../strategies/types.js";
import { resultKey, runIdentity } from "./checkpoint/identity.js";
import { openData, type RunData } from "./data.js";
import { type Estimate, estimate } from "./estimate.js";
import type { RunSummary } from "./events.js";
import { freshProgress } from "./loop.js";
import { findModel, type Surroundings } from "./model.js";
import { byObjective } from "./objectives.js";
import { givenOptima } from "./optima/given.js";
import { planNotes, planRun, strategyFactory } from "./plan.js";
import { findReference } from "./reference/given.js";
import { summarize } from "./summary.js";
import { checkTargets } from "./targets.js";

/** What a run would do. */
export interface DryRun extends Estimate {
	strategy: string;
	steps: number;
	rows: Record<Objective, number>;
	/** Tokens of all rows, prompts counted once. */
	tokens: Record<Objective, number>;
	/** Longest row in tokens. */
	longest: Record<Objective, number>;
	notes: string[];
	output: string;
}

/** Checks configuration, model and data; loads no weights and trains nothing. */
export async function planRunOnly(
	value: RunConfig | RunConfigInput,
	own: StrategyFactory | undefined,
	around: Surroundings,
): Promise<{ plan: DryRun; summary: RunSummary }> {
	const config = await resolveConfig(value, "the configuration", process.cwd());
	const found = await findModel(config, around);
	checkTargets(config, found);
	const factory = strategyFactory(config, own);
	const data = await openData(config, factory.objectives, found.tokenizer, around);
	try {
		const { steps, strategy, rows } = planRun(config, factory, data);
		const sizes = byObjective((objective) => tokensOf(data, objective));
		const longest = byObjective((objective) => sizes[objective].longest);
		const micro = Math.max(config.train.microBatchTokens, ...Object.values(longest));
		const plan: DryRun = {
			strategy: strategy.name,
			steps,
			rows,
			tokens: byObjective((objective) => sizes[objective].total),
			longest,
			notes: planNotes(config, strategy, data),
			output: config.output,
			...estimate(config, found.files, micro),
		};
		const memory = { weights: 0, trainable: 0, activationsPeak: 0, devicePeak: null };
		const path = referencePath(config);
		const reference = path === null ? null : await findReference(config, found, path, around);
		const key = resultKey(runIdentity(config, found, data, reference));
		const parts = {
			key,
			gpu: null,
			memory,
			artifact: "",
			data,
			prompts: [],
			answers: [],
			profile: null,
			optima: givenOptima(config),
		};
		return { plan, summary: summarize("planned", freshProgress(), parts) };
	} finally {
		data.close();
	}
}

function tokensOf(data: RunData, objective: Objective): { total: number; longest: number } {
	const dataset = data.train[objective]?.dataset;
	let total = 0;
	let longest = 0;
	for (let row = 0; row < (dataset?.length ?? 0); row++) {
		const tokens = dataset?.tokens(row) ?? 0;
		total += tokens;
		longest = Math.max(longest, tokens);
	}
	return { total, longest };
}

/** A dry run told in info events. */
export async function planText(
	value: RunConfig | RunConfigInput,
	own: StrategyFactory | undefined,
	around: Surroundings,
): Promise<RunSummary> {
	const { plan, summary } = await planRunOnly(value, own, around);
	for (const message of describePlan(plan)) around.emit({ event: "info", message });
	return summary;
}

function describePlan(plan: DryRun): string[] {
	const rows = Object.entries(plan.rows).filter(([, count]) => count > 0);
	const data = rows.map(([name, count]) => {
		const { [name as Objective]: tokens } = plan.tokens;
		const { [name as Objective]: longest } = plan.longest;
		return `${name}: ${count} rows, ${tokens} tokens, longest row ${longest}`;
	});
	const size = (bytes: number) => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
	const { weights, trainable, activations, total } = plan.memory;
	return [
		...plan.notes,
		...data,
		`${plan.steps} steps of strategy ${plan.strategy}, into ${plan.output}`,
		`${plan.trainable} trainable of ${plan.parameters} parameters`,
		`memory about ${size(total)}: weights ${size(weights)}, trained ${size(trainable)}, activations up to ${size(activations)}`,
	];
}
