import { expect, it } from "vitest";
import { lowestLosses } from "../../../lib/train/optima/lowest.js";

const steps = (...losses: number[]) => losses.map((loss, index) => ({ event: "step", step: index + 1, loss }));

it("takes the window of steps with the lowest mean, and the lowest evaluation", () => {
	const rows = [
		{ event: "eval", step: 0, dpo: 0.7, "gap/dpo": 0 },
		...steps(5, 3, 2, 1, 0.5, 4, 0.1),
		{ event: "eval", step: 4, dpo: 0.4 },
		{ event: "eval", step: 7, dpo: 0.6 },
	];
	expect(lowestLosses(rows, "dpo", 2)).toEqual({
		training: { loss: 1.5, steps: [3, 4] },
		heldOut: { loss: 0.4, step: 4 },
	});
});

it("takes the whole of a run shorter than a window, and no held-out loss where none was measured", () => {
	expect(lowestLosses(steps(3, 1), "sft", 100)).toEqual({ training: { loss: 2, steps: [1, 2] }, heldOut: null });
});
