import type { RunConfig } from "../../config/schema.js";
import { evaluationSection, seed } from "../../config/sections/run.js";
import type { Objective } from "../../data/types.js";

/**
 * The configuration of a training of one objective that prepares the run, with the run's settings; only the seed is
 * always the same, so that runs which differ in theirs share the result. `source` are its rows.
 */
export function aloneConfig(
	config: RunConfig,
	objective: Objective,
	source: RunConfig["data"]["sft"],
	reference: RunConfig["reference"],
	output: string,
): RunConfig {
	const { data, evaluation } = config;
	// What the run reports is what it is compared with.
	const preference = evaluation.preference ?? config.objective.preference;
	const defaults = evaluationSection.parse({});
	return {
		...config,
		data: { ...data, preference: null, sft: null, [objective]: source },
		objective: { ...config.objective, preference },
		reference,
		strategy: { name: objective === "preference" ? "dpo" : "sft" },
		optima: { preference: null, sft: null },
		stop: null,
		seed: seed.parse(undefined),
		// Without held-out rows another value than the default would have no effect, which a configuration may not hold.
		evaluation: { ...defaults, every: source?.evaluation ? evaluation.every : defaults.every },
		output,
	};
}
