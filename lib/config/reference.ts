import type { ReferenceConfig, RunConfig } from "./schema.js";

/** How the reference is trained beforehand; null values are the run's own. */
export type ReferenceTraining = Extract<ReferenceConfig, { train: unknown }>;

/** The model or adapter that `reference` names; null when it names none. */
export function referencePath({ reference }: Pick<RunConfig, "reference">): string | null {
	return typeof reference === "object" && reference !== null && "path" in reference ? reference.path : null;
}

/** The stage that trains the reference; null when there is none. */
export function referenceTraining({ reference }: Pick<RunConfig, "reference">): ReferenceTraining | null {
	if (typeof reference === "string") return { train: reference, steps: null, epochs: null, lr: null, batch: null };
	return reference !== null && "train" in reference ? reference : null;
}
