import { lineChart } from "../../report/index.js";
import type { ToyChart } from "../types.js";
import type { RateProblem, RatesResult } from "./run.js";

export async function ratesCharts(result: RatesResult): Promise<ToyChart[]> {
	const draw = async (problem: RateProblem) => ({ name: problem.name, svg: await rateChart(result, problem) });
	return Promise.all(result.problems.map(draw));
}

function rateChart({ steps, seeds, lambda }: RatesResult, { title, rates, bounds }: RateProblem): Promise<string> {
	const lines = rates.map(({ method, gaps, exponent }) => ({
		name: exponent === null ? method : `${method} (${exponent.toFixed(2)})`,
		points: gaps.map(({ mean, deviation }, i) => ({
			x: steps[i]!,
			y: mean,
			...(deviation === null ? {} : { low: mean - deviation, high: mean + deviation }),
		})),
	}));
	return lineChart({
		title: `${title}: gap of the mixed objective after T steps, λ = ${lambda}`,
		note: `mean ± standard deviation over ${seeds.length} seeds; in brackets the fitted exponent of T`,
		description: "ALRIGHT's and Mix's gaps fall with T, ALRIGHT's about as 1/√T; neither order of Sequential's does.",
		x: { label: "steps T", log: true },
		y: { label: "f_Mix − f*_Mix", log: true, min: 1e-5 },
		lines: [
			...lines,
			{ name: "bound of Theorem 4.1", dashed: true, points: bounds.map((y, i) => ({ x: steps[i]!, y })) },
		],
	});
}
