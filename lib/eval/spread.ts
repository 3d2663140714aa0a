/** Mean and sample standard deviation of repeated measurements. */
export interface Spread {
	mean: number;
	/** null for a single value. */
	deviation: number | null;
}

/** null when there is no value. */
export function spread(values: readonly number[]): Spread | null {
	if (values.length === 0) return null;
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	if (values.length === 1) return { mean, deviation: null };
	const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
