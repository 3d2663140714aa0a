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

	/** Sum / count by name, in alphabetical order. */
	means(): Record<string, number> {
		const entries = [...this.#totals].filter(([, { count }]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1));
		return Object.fromEntries(entries.map(([name, { sum, count }]) => [name, sum / count]));
	}
}
