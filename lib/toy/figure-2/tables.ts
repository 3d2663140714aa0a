import { cell, spreadCell } from "../cells.js";
import type { ToyTable } from "../types.js";
import type { Figure2Experiment, Figure2Result } from "./run.js";

export function figure2Tables({ experiments }: Figure2Result): ToyTable[] {
	return experiments.map((experiment) => ({
		caption: `Table 2 ${experiment.reading}, ${experiment.order}, θ_ref = ${point(experiment.reference)}`,
		rows: [["strategy", "λ", "θ", "f_DPO", "f_SFT", "ideal distance"], firstStage(experiment), ...ends(experiment)],
	}));
}

/** Sequential between its two stages. */
function firstStage({ paths }: Figure2Experiment): string[] {
	const { method, points } = paths[0]!;
	const { theta, preferenceLoss, sftLoss } = points[(points.length - 1) / 2]!;
	const distance = cell(Math.hypot(preferenceLoss, sftLoss));
	return [`${method}: stage 1`, "–", point(theta), cell(preferenceLoss), cell(sftLoss), distance];
}

function ends({ ends }: Figure2Experiment): string[][] {
	return ends.map(({ method, lambda, theta, preferenceLoss, sftLoss, idealDistance }) => [
		method,
		lambda === null ? "–" : String(lambda),
		point(theta),
		spreadCell(preferenceLoss),
		spreadCell(sftLoss),
		spreadCell(idealDistance),
	]);
}

const point = (theta: readonly number[]) => `(${theta.map((value) => value.toFixed(2)).join(", ")})`;
