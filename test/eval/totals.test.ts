import { describe, expect, it } from "vitest";
import { MetricTotals } from "../../lib/eval/totals.js";

describe("MetricTotals", () => {
	it("weighs micro-batches by their counts", () => {
		const totals = new MetricTotals();
		totals.add({ accuracy: 3, reward: 1 }, { accuracy: 3, reward: 1 });
		totals.add({ accuracy: 0 }, { accuracy: 9 });
		expect(totals.means()).toEqual({ accuracy: 0.25, reward: 1 });
	});

	it("orders names and leaves out what was never counted", () => {
		const totals = new MetricTotals();
		totals.add({ b: 1, a: 1, c: 0 }, { b: 1, a: 2, c: 0 });
		expect(Object.keys(totals.means())).toEqual(["a", "b"]);
	});
});
