import type { ToyData, Vector } from "./types.js";

/** Separable data: both losses can come as close to 0 as one likes. */
const separable = { preference: 0, sft: 0 };

/** Table 1 of arXiv 2410.15483: one pair and one example that pull θ in opposite directions. */
export const table1: ToyData = {
	preference: [{ chosen: [-1], rejected: [-0.5] }],
	sft: [{ target: [1], others: [[0.5]] }],
	optima: separable,
};

/** −¾ log ¾ − ¼ log ¼: the least loss on a label that is wrong one time in four. */
const NOISE_FLOOR = Math.log(4) - 0.75 * Math.log(3);

/** Table 1 with one label in four wrong, so that each objective alone has a finite minimiser. */
export const noisyTable1: ToyData = {
	preference: [...[1, 2, 3].map(() => ({ chosen: [-1], rejected: [-0.5] })), { chosen: [-0.5], rejected: [-1] }],
	sft: [...[1, 2, 3].map(() => ({ target: [1], others: [[0.5]] })), { target: [0.5], others: [[1]] }],
	optima: { preference: NOISE_FLOOR, sft: NOISE_FLOOR },
};

/** What the proof uses; its text says −5, which does not give its equations 30 to 33. */
export const table1Reference: Vector = [-10];

/** Table 2: the pair of x₁, and the two responses to x₂ in the printed order. */
const x1 = { chosen: [1, 1], rejected: [0.5, 0.5] };
const x2 = { y: [1, 0.5], other: [0.5, 0.5] };

/** Table 2 as printed: one direction of θ serves both objectives. */
export const table2Printed: ToyData = {
	preference: [x1],
	sft: [{ target: x2.y, others: [x2.other] }],
	optima: separable,
};

/** Table 2 with the two rows of x₂ swapped: the objectives pull θ₁ in opposite directions, as Figure 2 shows. */
export const table2Swapped: ToyData = {
	preference: [x1],
	sft: [{ target: x2.other, others: [x2.y] }],
	optima: separable,
};

/** Data of the reference objective of Figure 2: SFT on the chosen response of x₁ (appendix B.1). */
export const table2ChosenResponse: ToyData = {
	preference: [],
	sft: [{ target: x1.chosen, others: [x1.rejected] }],
	optima: separable,
};
