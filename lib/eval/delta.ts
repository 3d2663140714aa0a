/** One measure of a method and of the baseline it is compared with. */
export interface MeasurePair {
	value: number;
	baseline: number;
	higherIsBetter: boolean;
}

/**
 * Δm%: the mean relative improvement over the baseline in percent, each measure counted so that better is positive
 * (arXiv 2410.15483, eq. 52). null without measures.
 */
export function deltaM(measures: readonly MeasurePair[]): number | null {
	if (measures.length === 0) return null;
	const improvements = measures.map(({ value, baseline, higherIsBetter }) => {
		const change = increase(value, baseline);
		return higherIsBetter ? change : -change;
	});
	return improvements.reduce((sum, change) => sum + change, 0) / measures.length;
}

/** How much more than the baseline a value is, in percent. */
export function increase(value: number, baseline: number): number {
	return ((value - baseline) / baseline) * 100;
}
