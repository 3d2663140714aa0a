import type { Objective } from "../data/types.js";

/** A point θ or a feature vector φ; double precision. */
export type Vector = readonly number[];

/** One data point, seen as a function of θ. */
export interface Row {
	loss(theta: Vector): number;
	/** gradient += weight · ∇loss(θ); gives the loss. */
	addGradient(theta: Vector, weight: number, gradient: number[]): number;
	/** Greatest norm that the gradient can have at any θ. */
	gradientBound: number;
}

/** Features of the two responses of a preference pair. */
export interface PreferencePair {
	chosen: Vector;
	rejected: Vector;
}

/** Features of the response to imitate and of every other possible response to the same prompt. */
export interface SupervisedExample {
	target: Vector;
	others: readonly Vector[];
}

/** Data sets of a log-linear policy π_θ(y|x) ∝ exp(θ·φ(x, y)). */
export interface ToyData {
	preference: readonly PreferencePair[];
	sft: readonly SupervisedExample[];
	/** Infimum of each objective's loss alone. */
	optima: Record<Objective, number>;
}

/** A result for people: rows of cells, the first row being the heads. */
export interface ToyTable {
	caption: string;
	rows: string[][];
}

export interface ToyChart {
	/** File name without extension. */
	name: string;
	svg: string;
}

/** What one of the paper's log-linear studies came to. */
export interface ToyReport {
	/** Plain JSON; the same for the same seeds. */
	result: { study: string };
	tables: ToyTable[];
	charts(): Promise<ToyChart[]>;
}
