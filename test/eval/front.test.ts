import fc from "fast-check";
import { expect, it } from "vitest";
import { type LossPair, nonDominated } from "../../lib/eval/front.js";

const dominates = (a: LossPair, b: LossPair) => a.dpo <= b.dpo && a.sft <= b.sft && (a.dpo < b.dpo || a.sft < b.sft);

it("keeps what trades one loss for the other, by rising DPO loss", () => {
	const points = [
		{ dpo: 0.6, sft: 1.2 },
		{ dpo: 0.4, sft: 1.5 },
		{ dpo: 0.6, sft: 1.3 },
		{ dpo: 0.7, sft: 1.2 },
		{ dpo: 0.5, sft: 1.4 },
	];
	expect(nonDominated(points)).toEqual([points[1], points[4], points[0]]);
	expect(nonDominated([])).toEqual([]);
});

it("is exactly the set of points that no other dominates", () => {
	const value = fc.integer({ min: 0, max: 6 });
	fc.assert(
		fc.property(fc.array(fc.record({ dpo: value, sft: value }), { maxLength: 12 }), (points) => {
			const front = nonDominated(points);
			const expected = points.filter((point) => !points.some((other) => dominates(other, point)));
			expect(new Set(front)).toEqual(new Set(expected));
			expect(front).toHaveLength(expected.length);
		}),
	);
});
