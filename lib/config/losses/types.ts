import type * as z from "zod";

/** The configuration half of a preference loss. */
export interface LossOptions<S extends z.ZodObject = z.ZodObject> {
	/** Registered native objective. */
	native: string;
	/** Name of the loss in metrics; the variants of DPO share one. */
	metric: string;
	/** Rows it is computed on: pairs, or single responses with a label. */
	rows: "preference" | "unpaired";
	needsReference: boolean;
	/** Strict object with `loss` as a literal, `beta`, and the loss's own keys, all of which native code reads. */
	schema: S;
}

export function defineLoss<S extends z.ZodObject>(options: LossOptions<S>): LossOptions<S> {
	return options;
}
