import { lineChart, trajectoryChart } from "../../report/index.js";
import type { Path, PathPoint } from "../path.js";
import type { ToyChart } from "../types.js";
import type { Figure2Experiment, Figure2Result } from "./run.js";

/** For every experiment both planes of Figure 2, and the λ sweep. */
export async function figure2Charts({ experiments, seeds }: Figure2Result): Promise<ToyChart[]> {
	const charts: ToyChart[] = [];
	for (const experiment of experiments) {
		const name = fileName(experiment);
		charts.push({ name: `${name}-parameters`, svg: await parameterChart(experiment) });
		charts.push({ name: `${name}-objectives`, svg: await objectiveChart(experiment) });
		charts.push({ name: `${name}-sweep`, svg: await sweepChart(experiment, seeds.length) });
	}
	return charts;
}

function fileName({ reading, order }: Figure2Experiment): string {
	return `${reading} ${order}`.replace("x₂ ", "").toLowerCase().replaceAll(" ", "-");
}

const title = ({ reading, order }: Figure2Experiment) => `Table 2 ${reading}, ${order}`;

function trajectories(paths: Path[], place: (point: PathPoint) => { x: number; y: number }) {
	return paths.map(({ method, points }) => ({ series: method, points: points.map(place) }));
}

function parameterChart(experiment: Figure2Experiment): Promise<string> {
	return trajectoryChart({
		title: `${title(experiment)}: paths of θ`,
		note: "λ = ½; circle: start; the symbols of the legend: end",
		description: "Paths of Sequential, Mix, ALRIGHT and MAXRIGHT through the plane of both parameters.",
		x: { label: "θ₁" },
		y: { label: "θ₂" },
		paths: trajectories(experiment.paths, ({ theta }) => ({ x: theta[0]!, y: theta[1]! })),
		marks: [{ name: "θ_ref", x: experiment.reference[0]!, y: experiment.reference[1]! }],
	});
}

function objectiveChart(experiment: Figure2Experiment): Promise<string> {
	return trajectoryChart({
		title: `${title(experiment)}: paths of both losses`,
		note: "λ = ½; circle: start; the symbols of the legend: end; both infima are 0",
		description:
			"Paths of Sequential, Mix, ALRIGHT and MAXRIGHT through the plane of both losses towards the ideal point (0, 0).",
		x: { label: "f_DPO", min: 0 },
		y: { label: "f_SFT", min: 0 },
		paths: trajectories(experiment.paths, ({ preferenceLoss, sftLoss }) => ({ x: preferenceLoss, y: sftLoss })),
		marks: [{ name: "ideal", x: 0, y: 0 }],
	});
}

function sweepChart(experiment: Figure2Experiment, seeds: number): Promise<string> {
	const { ends } = experiment;
	const lambdas = ends.flatMap(({ lambda }) => lambda ?? []);
	const range = [Math.min(...lambdas), Math.max(...lambdas)];
	return lineChart({
		title: `${title(experiment)}: distance to the ideal point over λ`,
		note: `mean ± standard deviation over ${seeds} seeds (ALRIGHT; the others draw nothing)`,
		description: "Distance of the final losses to their infima, for every λ; Sequential has none and is a line.",
		x: { label: "λ", min: 0, max: 1 },
		y: { label: "ideal distance", log: true },
		lines: [...new Set(ends.map(({ method }) => method))].map((method) => {
			const own = ends.filter((end) => end.method === method);
			return {
				name: method,
				dashed: own[0]!.lambda === null,
				points: own.flatMap(({ lambda, idealDistance: { mean, deviation } }) =>
					(lambda === null ? range : [lambda]).map((x) => ({
						x,
						y: mean,
						...(deviation === null ? {} : { low: mean - deviation, high: mean + deviation }),
					})),
				),
			};
		}),
	});
}
