import { describe, expect, it } from "vitest";
import { optimalityGaps } from "../../lib/eval/gaps.js";

describe("optimalityGaps", () => {
	it("subtracts the optima and combines the gaps", () => {
		expect(optimalityGaps({ dpo: 3.5, sft: 5 }, { dpo: 0.5, sft: 1 })).toEqual({
			"gap/dpo": 3,
			"gap/sft": 4,
			ideal_distance: 5,
		});
	});

	it("takes an unknown optimum as 0, and gives no distance for one objective", () => {
		expect(optimalityGaps({ sft: 2 }, {})).toEqual({ "gap/sft": 2 });
	});
});
