import type { RunConfig } from "../config/schema.js";
import type { Objective, PreferenceRow, Row, SftRow } from "../data/types.js";
import type { Part } from "../native/binding.js";

/** What the loop needs to know of an objective. */
export interface ObjectiveTraits<O extends Objective = Objective> {
	/** Registered native objective, and its name in metrics. */
	native: string;
	/** Scored sequences of a row. */
	sequences: number;
	needsReference: boolean;
	/** What a row adds to the number its step's loss is divided by: pairs, or scored tokens. */
	count(row: Row<O>): number;
	/** Native options from the configuration. */
	options(config: RunConfig): Part["options"];
}

const preference: ObjectiveTraits<"preference"> = {
	native: "dpo",
	sequences: 2,
	needsReference: true,
	count: (_row: PreferenceRow) => 1,
	options: (config) => ({ ...config.objective.preference }),
};

const sft: ObjectiveTraits<"sft"> = {
	native: "sft",
	sequences: 1,
	needsReference: false,
	// Without a prompt nothing predicts the first token.
	count: (row: SftRow) => row.response.length - (row.prompt.length > 0 ? 0 : 1),
	options: (config) => ({ ...config.objective.sft }),
};

const traits = { preference, sft };

export const objectiveNames = Object.keys(traits) as Objective[];

export function traitsOf(objective: Objective): ObjectiveTraits {
	return traits[objective] as unknown as ObjectiveTraits;
}

/** A record with a value for each objective. */
export function byObjective<T>(value: (objective: Objective) => T): Record<Objective, T> {
	return Object.fromEntries(objectiveNames.map((name) => [name, value(name)])) as Record<Objective, T>;
}
