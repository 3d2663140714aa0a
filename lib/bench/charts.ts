import { barChart, lineChart } from "../report/index.js";
import { figuresOf } from "./figures.js";
import { median } from "./statistics.js";
import type { Sweep, Trial, TrialResult } from "./types.js";

export interface Chart {
	file: string;
	svg: string;
}

/** A line chart for each sweep of the trial, else bars of the contenders' speed and memory if there are several. */
export async function trialCharts(trial: Trial, result: TrialResult): Promise<Chart[]> {
	if (trial.sweeps) return Promise.all(trial.sweeps.map((sweep, index) => sweepChart(trial, result, sweep, index)));
	const figures = figuresOf(trial, result);
	if (figures.length < 2) return [];
	const bars = (value: (row: (typeof figures)[number]) => number) =>
		figures.map((row) => ({ name: row.name, value: value(row) }));
	const baseline = figures[0]?.name ?? "";
	const note = noteText(trial, result);
	const speed = { title: `${trial.name}: speed`, description: "Rows a second of each contender", note, baseline };
	const memory = { title: `${trial.name}: memory`, description: "Peak resident memory", note, baseline };
	return [
		{
			file: `${trial.name}-speed.svg`,
			svg: await barChart({ ...speed, value: { label: "rows/s" }, bars: bars((row) => row.rowsPerSecond) }),
		},
		{
			file: `${trial.name}-memory.svg`,
			svg: await barChart({ ...memory, value: { label: "GB" }, bars: bars((row) => row.peakBytes / 1e9) }),
		},
	];
}

function noteText({ title }: Trial, { machine, threads, rounds }: TrialResult): string {
	return `${title}\n${machine}, ${threads} threads; medians of ${rounds.length} rounds`;
}

/** Medians over the rounds with their lowest and highest values as a band. */
async function sweepChart(trial: Trial, result: TrialResult, sweep: Sweep, index: number): Promise<Chart> {
	const lines = new Map<string, { x: number; y: number; low: number; high: number }[]>();
	for (const contender of trial.contenders) {
		const at = sweep.place(contender);
		const values = result.rounds.flatMap((round) => {
			const measurement = round[contender.name];
			return measurement ? [sweep.value(measurement)] : [];
		});
		if (at === null || values.length === 0) continue;
		const point = { x: at.x, y: median(values), low: Math.min(...values), high: Math.max(...values) };
		lines.set(at.line, [...(lines.get(at.line) ?? []), point]);
	}
	const svg = await lineChart({
		title: `${trial.name}: ${sweep.title.toLowerCase()}`,
		note: `${noteText(trial, result)}; band: lowest to highest`,
		description: `${sweep.y} by ${sweep.x}`,
		x: { label: sweep.x, log: sweep.log ?? false },
		y: { label: sweep.y, min: 0 },
		lines: [...lines].map(([name, points]) => ({ name, points })),
	});
	return { file: `${trial.name}-${index + 1}.svg`, svg };
}
