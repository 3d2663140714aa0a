import type { Objective } from "../data/types.js";
import { preferenceRow, supervisedRow } from "./rows.js";
import type { Row, ToyData, Vector } from "./types.js";

export const objectives = ["preference", "sft"] as const;

/** β of every toy problem. */
export const BETA = 1;

/** Both objectives of a log-linear policy; each is the mean over its rows. Convex in θ (Proposition A.2). */
export class ToyProblem {
	readonly data: ToyData;
	readonly reference: Vector;
	readonly rows: Record<Objective, readonly Row[]>;

	constructor(data: ToyData, reference: Vector) {
		this.data = data;
		this.reference = reference;
		this.rows = {
			preference: data.preference.map((pair) => preferenceRow(pair, reference, BETA)),
			sft: data.sft.map(supervisedRow),
		};
	}

	withReference(reference: Vector): ToyProblem {
		return new ToyProblem(this.data, reference);
	}

	loss(objective: Objective, theta: Vector): number {
		const rows = this.rows[objective];
		return rows.reduce((sum, row) => sum + row.loss(theta), 0) / rows.length;
	}

	/** Loss above the objective's own infimum. */
	gap(objective: Objective, theta: Vector): number {
		return this.loss(objective, theta) - this.data.optima[objective];
	}

	/** f_Mix,λ(θ) = λ·f_DPO(θ) + (1 − λ)·f_SFT(θ) */
	mixedLoss(lambda: number, theta: Vector): number {
		return lambda * this.loss("preference", theta) + (1 - lambda) * this.loss("sft", theta);
	}

	mixedGradient(lambda: number, theta: Vector): number[] {
		const gradient = theta.map(() => 0);
		const weights = { preference: lambda, sft: 1 - lambda };
		for (const objective of objectives) {
			const rows = this.rows[objective];
			for (const row of rows) row.addGradient(theta, weights[objective] / rows.length, gradient);
		}
		return gradient;
	}
}
