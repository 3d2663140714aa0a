/** Equations 30 to 33 of arXiv 2410.15483 as printed, and what follows from them. They hold for θ_ref = −10, β = 1. */

/** c of equation 30; equals e⁵. */
export const c = (1 + Math.exp(5)) / (1 + Math.exp(-5));

export function preferenceLoss(theta: number): number {
	return Math.log(1 + (c * (1 + Math.exp(theta / 2))) / (1 + Math.exp(-theta / 2)));
}

export function sftLoss(theta: number): number {
	return Math.log(1 + Math.exp(-theta / 2));
}

export function preferenceGradient(theta: number): number {
	return 0.5 / (1 + Math.exp(-(theta / 2 + 5)));
}

export function sftGradient(theta: number): number {
	return -0.5 / (1 + Math.exp(theta / 2));
}

export function mixedLoss(lambda: number, theta: number): number {
	return lambda * preferenceLoss(theta) + (1 - lambda) * sftLoss(theta);
}

/**
 * Minimiser of f_Mix,λ for λ in (0, 1): with z = exp(θ/2) its gradient vanishes where
 * λcz² + (2λ − 1)cz − (1 − λ) = 0. At λ = ½ this is θ = −ln c = −5, with f* = log(1 + √c) and c* = (1 + √c)².
 */
export function mixedMinimiser(lambda: number): number {
	const b = (2 * lambda - 1) * c;
	const root = Math.sqrt(b * b + 4 * lambda * (1 - lambda) * c);
	// The stable one of the two forms of the positive root.
	const z = b > 0 ? (2 * (1 - lambda)) / (b + root) : (root - b) / (2 * lambda * c);
	return 2 * Math.log(z);
}

export function mixedGap(lambda: number, theta: number): number {
	return mixedLoss(lambda, theta) - mixedLoss(lambda, mixedMinimiser(lambda));
}
