import type { Objective } from "../../data/types.js";

/** The lowest losses of a training of one objective alone. */
export interface EstimatedOptimum {
	objective: Objective;
	/** Lowest mean over a window of training batches, from the first to the last of `steps`. */
	training: { loss: number; steps: [number, number] };
	/** Lowest loss of an evaluation on held-out rows; null without such rows. */
	heldOut: { loss: number; step: number } | null;
	provenance: Provenance;
}

/** What an estimate depends on, and when it was made. */
export interface Provenance {
	/** SHA-256 of everything below but the date, and of all settings that matter. */
	key: string;
	model: string;
	reference: string | null;
	/** Keys of the tokenised rows, by objective and use. */
	data: Record<string, string>;
	steps: number;
	version: string;
	date: string;
}

/** Best known losses of an objective alone. */
export interface Optimum {
	/** What a strategy compares the loss of a training batch with. */
	training: number;
	/** What an evaluation compares the loss on held-out rows with. */
	heldOut: number;
	/** Where they come from: numbers of the configuration, or an estimate. */
	source: "configuration" | EstimatedOptimum;
}

/** By objective; an unknown one is absent. */
export type Optima = Partial<Record<Objective, Optimum>>;
