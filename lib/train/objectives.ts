import { findLossOptions } from "../config/losses/index.js";
import type { RunConfig } from "../config/schema.js";
import type { Objective, RowKind } from "../data/types.js";
import type { Part } from "../native/binding.js";

/** What the loop needs to know of an objective. */
export interface ObjectiveTraits {
	/** Registered native objective. */
	native: string;
	/** Its name in metrics. */
	metric: string;
	rows: RowKind;
	needsReference: boolean;
	/** Native options from the configuration. */
	options: Part["options"];
}

const traits: Record<Objective, (config: RunConfig) => ObjectiveTraits> = {
	preference({ objective }) {
		const { loss, ...options } = objective.preference;
		const { native, metric, rows, needsReference } = findLossOptions(loss);
		return { native, metric, rows, needsReference, options };
	},
	sft: ({ objective }) => {
		return { native: "sft", metric: "sft", rows: "sft", needsReference: false, options: { ...objective.sft } };
	},
};

export const objectiveNames = Object.keys(traits) as Objective[];

export function traitsOf(config: RunConfig, objective: Objective): ObjectiveTraits {
	return traits[objective](config);
}

/** The configuration with the preference loss that held-out rows are measured with. */
export function evaluationConfig(config: RunConfig): RunConfig {
	const { preference } = config.evaluation;
	return preference === null ? config : { ...config, objective: { ...config.objective, preference } };
}

/** A record with a value for each objective. */
export function byObjective<T>(value: (objective: Objective) => T): Record<Objective, T> {
	return Object.fromEntries(objectiveNames.map((name) => [name, value(name)])) as Record<Objective, T>;
}
