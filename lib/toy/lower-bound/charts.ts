import { lineChart } from "../../report/index.js";
import * as closed from "../closed-forms.js";
import type { ToyChart } from "../types.js";
import type { LowerBoundResult } from "./run.js";

const lambda = 0.5;

export async function lowerBoundCharts(result: LowerBoundResult): Promise<ToyChart[]> {
	return [
		{ name: "gap", svg: await gapChart(result) },
		{ name: "objectives", svg: await objectiveChart(result) },
	];
}

function gapChart({ paths, steps }: LowerBoundResult): Promise<string> {
	const bound = closed.mixedGap(lambda, 0);
	const lines = paths.map(({ method, points }) => ({
		name: method,
		points: points.map(({ step, theta }) => ({ x: step, y: closed.mixedGap(lambda, theta[0]!) })),
	}));
	const constant = [0, steps].map((x) => ({ x, y: bound }));
	return lineChart({
		title: "Lower bound (Table 1): gap of the mixed objective, λ = ½",
		note: "Sequential passes the minimiser at the start of a stage and ends above the bound",
		description: `Gap against steps. Both orders of Sequential end above ${bound.toFixed(3)}; Mix, ALRIGHT and MAXRIGHT approach 0.`,
		x: { label: "step", min: 0, max: steps },
		y: { label: "f_Mix − f*_Mix", log: true, min: 1e-6 },
		lines: [...lines, { name: "bound of Sequential", points: constant, dashed: true }],
	});
}

function objectiveChart({ ends }: LowerBoundResult): Promise<string> {
	const grid = Array.from({ length: 91 }, (_, i) => -30 + i / 2);
	const line = (name: string, loss: (theta: number) => number) => ({
		name,
		points: grid.map((theta) => ({ x: theta, y: loss(theta) })),
	});
	const mixed = (theta: number) => closed.mixedLoss(lambda, theta);
	const marks = ends
		.filter((end) => end.lambda === lambda)
		.map(({ method, theta }) => ({ name: method, x: theta.mean, y: mixed(theta.mean) }));
	return lineChart({
		title: "Lower bound (Table 1): the objectives, and where each strategy ends, λ = ½",
		description:
			"Losses over θ. Mix, ALRIGHT and MAXRIGHT end at the minimum of the mixed objective, Sequential far out on either side.",
		x: { label: "θ" },
		y: { label: "loss" },
		lines: [line("f_DPO", closed.preferenceLoss), line("f_SFT", closed.sftLoss), line("f_Mix", mixed)],
		marks,
	});
}
