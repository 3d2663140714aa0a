/** The middle of the values; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Half the width of a 95 % interval of the median, relative to it: 1.96 standard errors of a median
 * (1.2533 σ / √n), with σ from the median absolute deviation (× 1.4826), which one bad round does not move.
 * Unknown, so infinite, for a single value.
 */
export function relativeNoise(values: readonly number[]): number {
	if (values.length < 2) return Number.POSITIVE_INFINITY;
	const middle = median(values);
	const deviation = median(values.map((value) => Math.abs(value - middle)));
	return (1.96 * 1.2533 * 1.4826 * deviation) / Math.sqrt(values.length) / Math.abs(middle);
}

export interface Change {
	/** new ÷ old − 1. */
	change: number;
	/** The change is beyond the noise of both sides together when it is larger than this. */
	noise: number;
}

export function compareMedians(old: readonly number[], now: readonly number[]): Change {
	return { change: median(now) / median(old) - 1, noise: Math.hypot(relativeNoise(old), relativeNoise(now)) };
}
