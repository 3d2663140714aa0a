/**
 * Optimality gaps (loss − optimum) of the losses given, as `gap/<name>`, and their Euclidean norm `ideal_distance`
 * when there are at least two.
 */
export function optimalityGaps(losses: Record<string, number>, optima: Record<string, number>): Record<string, number> {
	const gaps = Object.entries(losses).map(([name, loss]) => [name, loss - (optima[name] ?? 0)] as const);
	const result: Record<string, number> = Object.fromEntries(gaps.map(([name, gap]) => [`gap/${name}`, gap]));
	if (gaps.length > 1) result.ideal_distance = Math.hypot(...gaps.map(([, gap]) => gap));
	return result;
}
