/** Sums and counts of metrics over any number of micro-batches; each mean is over all of them alike. */
export class MetricTotals {
	readonly #totals = new Map<string, { sum: number; count: number }>();

	add(sums: Record<string, number>, counts: Record<string, number>): void {
		for (const [name, sum] of Object.entries(sums)) {
			const total = this.#totals.get(name) ?? { sum: 0, count: 0 };
			total.sum += sum;
			total.count += counts[name] ?? 0;
			this.#totals.set(name, total);
		}
	}

	/**
	 * Sum / count by name, in alphabetical order. Where chosen and rejected responses are counted apart, the reward
	 * margin is the difference of their means.
	 */
	means(): Record<string, number> {
		const means = new Map<string, number>(
			[...this.#totals].flatMap(([name, { sum, count }]) => (count > 0 ? [[name, sum / count] as const] : [])),
		);
		const [chosen, rejected] = [means.get("rewards/chosen"), means.get("rewards/rejected")];
		if (!means.has("rewards/margins") && chosen !== undefined && rejected !== undefined) {
			means.set("rewards/margins", chosen - rejected);
		}
		return Object.fromEntries([...means].sort(([a], [b]) => (a < b ? -1 : 1)));
	}
}
