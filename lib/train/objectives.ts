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

/** Training rows, or held-out ones, on which another preference loss may be reported. */
export type Use = "train" | "evaluation";

const traits: Record<Objective, (config: RunConfig, use: Use) => ObjectiveTraits> = {
	preference({ objective, evaluation }, use) {
		const reported = use === "evaluation" ? evaluation.preference : null;
		const { loss, ...options } = reported ?? objective.preference;
		const { native, metric, rows, needsReference } = findLossOptions(loss);
		return { native, metric, rows, needsReference, options };
	},
	sft: ({ objective }) => {
		return { native: "sft", metric: "sft", rows: "sft", needsReference: false, options: { ...objective.sft } };
	},
};

export const objectiveNames = Object.keys(traits) as Objective[];

export function traitsOf(config: RunConfig, objective: Objective, use: Use): ObjectiveTraits {
	return traits[objective](config, use);
}

/** A record with a value for each objective. */
export function byObjective<T>(value: (objective: Objective) => T): Record<Objective, T> {
	return Object.fromEntries(objectiveNames.map((name) => [name, value(name)])) as Record<Objective, T>;
}
