import { barFigures, type Figures, figuresOf } from "./figures.js";
import { relativeNoise } from "./statistics.js";
import type { Bar, Trial, TrialResult } from "./types.js";

export interface Section {
	trial: Trial;
	result: TrialResult;
	/** File names of its charts. */
	charts: string[];
}

/** The report: what was run where, the bars of all trials, then a table for each. */
export function reportMarkdown(sections: readonly Section[]): string {
	const bars = sections.flatMap(({ trial, result }) => barRows(trial, result));
	return [
		"# Benchmark",
		"",
		"Medians over alternating rounds; ratios are taken within a round. How it is measured: bench/README.md.",
		"",
		...(bars.length > 0 ? [...table(["trial", "bar", "goal", "measured", "reached"], bars), ""] : []),
		...sections.flatMap(sectionLines),
	].join("\n");
}

function sectionLines({ trial, result, charts }: Section): string[] {
	const { machine, threads, versions, rounds, date, weights, failed } = result;
	const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
	const model = `${trial.model}${weights === "random" ? " (random weights)" : ""}`;
	const figures = figuresOf(trial, result);
	return [
		`## ${trial.name}: ${trial.title}`,
		"",
		`${model}; ${machine}, ${threads} threads; ${software.join(", ")}; rounds: ${rounds.length}; ${date.slice(0, 10)}.`,
		"",
		...table(
			header,
			figures.map((row) => figureRow(row, result)),
		),
		"",
		...figures.flatMap(({ name, notes }) => notes.map((note) => `- ${name}: ${note}`)),
		...Object.entries(failed).map(([name, message]) => `- ${name} failed: ${message}`),
		"",
		...profileLines(result),
		...charts.map((file) => `![${trial.title}](${file})`),
		"",
	];
}

/** Ops that take less than this share of the time are summed up. */
const SMALL = 0.03;

/** Where the time of the first contender with a profile goes, in the last round. */
function profileLines({ rounds }: TrialResult): string[] {
	const profiled = Object.entries(rounds.at(-1) ?? {}).find(([, { profile }]) => profile);
	if (!profiled) return [];
	const [name, { profile = [] }] = profiled;
	const total = profile.reduce((sum, { seconds }) => sum + seconds, 0);
	const large = profile.filter(({ seconds }) => seconds / total >= SMALL).sort((a, b) => b.seconds - a.seconds);
	const rest = total - large.reduce((sum, { seconds }) => sum + seconds, 0);
	const share = (seconds: number) => `${((100 * seconds) / total).toFixed(0)} %`;
	const rows = large.map(({ op, pass, seconds, flops }) => {
		const cell = `${op}, ${pass}`.replaceAll("|", "\\|");
		return [cell, share(seconds), flops > 0 ? digits(flops / seconds / 1e12) : "–"];
	});
	return [
		`Where the time of ${name} goes:`,
		"",
		...table(["op", "share", "TFLOP/s"], [...rows, ["the rest", share(rest), "–"]]),
		"",
	];
}

const header = [
	"contender",
	"rows/s",
	"tokens/s",
	"TFLOP/s",
	"of products",
	"speed",
	"peak memory",
	"memory",
	"CPUs",
	"start",
];

function figureRow(figures: Figures, result: TrialResult): string[] {
	const { name, rowsPerSecond, tokensPerSecond, teraflops, share, speed, peakBytes, memory, cpu, startSeconds } =
		figures;
	const noise = relativeNoise(result.rounds.flatMap((round) => round[name]?.rowsPerSecond ?? []));
	return [
		name,
		`${digits(rowsPerSecond)} ${noiseText(noise)}`,
		optional(tokensPerSecond, (value) => value.toFixed(0)),
		optional(teraflops, digits),
		optional(share, (value) => `${(value * 100).toFixed(0)} %`),
		`${digits(speed)}×`,
		`${(peakBytes / 1e9).toFixed(2)} GB`,
		`${digits(memory)}×`,
		optional(cpu, (value) => value.toFixed(2)),
		`${startSeconds.toFixed(1)} s`,
	];
}

function barRows(trial: Trial, result: TrialResult): string[][] {
	return barFigures(trial, result).map(({ bar, value, reached }) => [
		trial.name,
		bar.text,
		goalText(bar),
		optional(value, (number) => withUnit(number, bar.unit)),
		reached === null ? "not measured" : reached ? "yes" : "no",
	]);
}

function goalText({ atLeast, atMost, stretch, unit }: Bar): string {
	const main = atLeast !== undefined ? `≥ ${withUnit(atLeast, unit)}` : `≤ ${withUnit(atMost ?? Number.NaN, unit)}`;
	return stretch === undefined ? main : `${main}, stretch ${withUnit(stretch, unit)}`;
}

function withUnit(value: number, unit: string): string {
	return unit === "×" ? `${digits(value)}×` : `${digits(value)} ${unit}`;
}

function optional(value: number | null, text: (value: number) => string): string {
	return value === null ? "–" : text(value);
}

/** Relative noise as "± 3 %"; nothing when one round says nothing about it. */
export function noiseText(noise: number): string {
	return Number.isFinite(noise) ? `± ${(noise * 100).toFixed(noise < 0.1 ? 1 : 0)} %` : "";
}

/** Three significant digits. */
function digits(value: number): string {
	return Number(value.toPrecision(3)).toString();
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
