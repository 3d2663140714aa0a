import type { PreferencePair, Row, SupervisedExample, Vector } from "./types.js";

export function dot(a: Vector, b: Vector): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
	return sum;
}

/** log(1 + eˣ) without overflow. */
export function softplus(x: number): number {
	return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** 1 / (1 + e⁻ˣ) without overflow. */
export function sigmoid(x: number): number {
	const small = Math.exp(-Math.abs(x));
	return (x >= 0 ? 1 : small) / (1 + small);
}

const difference = (a: Vector, b: Vector) => a.map((value, i) => value - b[i]!);

/**
 * DPO loss −log σ(h) of a pair with h = β(θ − θ_ref)·(φ_w − φ_l): the normalisers of both policies cancel between the
 * two responses (arXiv 2410.15483, eqs 17 and 18).
 */
export function preferenceRow(pair: PreferencePair, reference: Vector, beta: number): Row {
	const feature = difference(pair.chosen, pair.rejected).map((value) => beta * value);
	const offset = dot(reference, feature);
	return {
		loss: (theta) => softplus(offset - dot(theta, feature)),
		addGradient(theta, weight, gradient) {
			const logit = offset - dot(theta, feature);
			const scale = -weight * sigmoid(logit);
			for (let i = 0; i < feature.length; i++) gradient[i]! += scale * feature[i]!;
			return softplus(logit);
		},
		gradientBound: Math.hypot(...feature),
	};
}

/** SFT loss −log π_θ(y|x) = log Σ exp(θ·(φ′ − φ_y)) over all responses, y itself included (eq. 22). */
export function supervisedRow({ target, others }: SupervisedExample): Row {
	const features = others.map((other) => difference(other, target));
	const loss = (theta: Vector) => {
		// The target's own logit is 0.
		let top = 0;
		for (const feature of features) top = Math.max(top, dot(theta, feature));
		let others = 0;
		for (const feature of features) others += Math.exp(dot(theta, feature) - top);
		return top + Math.log1p(others + Math.expm1(-top));
	};
	return {
		loss,
		addGradient(theta, weight, gradient) {
			const logSum = loss(theta);
			for (const feature of features) {
				const scale = weight * Math.exp(dot(theta, feature) - logSum);
				for (let i = 0; i < feature.length; i++) gradient[i]! += scale * feature[i]!;
			}
			return logSum;
		},
		gradientBound: Math.max(...features.map((feature) => Math.hypot(...feature))),
	};
}
