import type { GroupRecord, MeasureName, SweepResult } from "./types.js";

const columns = [
	...["strategy", "λ", "seeds", "DPO loss", "SFT loss", "DPO gap", "SFT gap", "ideal distance"],
	...["s/step", "runtime", "memory", "memory change", "Δm"],
];

/** The groups as rows of text under a header; runtime, change of memory and Δm are relative to the baseline. */
export function sweepTable(result: SweepResult): string[][] {
	return [columns, ...result.groups.map(row)];
}

function row(group: GroupRecord): string[] {
	const { label, lambda, seeds, mean, deviation, versus_baseline: versus } = group;
	const value = (name: MeasureName, digits = 4) => withSpread(mean[name], deviation[name], digits);
	return [
		label,
		lambda === null ? "–" : String(lambda),
		String(seeds.length),
		...(["dpo", "sft", "gap/dpo", "gap/sft", "ideal_distance"] as const).map((name) => value(name)),
		value("seconds_per_step", 3),
		percent(versus?.runtime_percent),
		mean.peak_memory_bytes === null ? "–" : `${(mean.peak_memory_bytes / 1e9).toFixed(2)} GB`,
		percent(versus?.memory_percent),
		percent(versus?.delta_m_percent),
	];
}

function withSpread(mean: number | null, deviation: number | null, digits: number): string {
	if (mean === null) return "–";
	return mean.toFixed(digits) + (deviation === null ? "" : ` ± ${deviation.toFixed(digits)}`);
}

function percent(value: number | null | undefined): string {
	if (value === null || value === undefined) return "–";
	return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)} %`;
}

/** The table in Markdown, with what it says and which runs are not in it. */
export function sweepMarkdown(result: SweepResult): string {
	const [header, ...rows] = sweepTable(result) as [string[], ...string[][]];
	const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
	const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
	const missing = result.points.filter(({ status }) => status !== "completed");
	return [
		...[header, rule, ...rows].map(line),
		"",
		...notes(result),
		...missing.map(({ name, status, error }) => `- ${name}: ${status}${error === null ? "" : `: ${error.message}`}`),
		"",
	].join("\n");
}

function notes({ baseline, groups }: SweepResult): string[] {
	const spread = "Held-out losses; mean ± sample standard deviation over the seeds.";
	if (baseline === null) return [spread, ""];
	const measures = groups.find(({ label }) => label === baseline)?.versus_baseline?.delta_m_measures ?? [];
	return [
		`${spread} Runtime, change of memory and Δm are relative to ${baseline}; Δm is over ${measures.join(", ")}.`,
		"",
	];
}
