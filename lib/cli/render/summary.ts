import { join } from "node:path";
import type { RunSummary } from "../../train/events.js";
import { bytes, duration, loss, printable, short, table } from "./format.js";
import { profileTable } from "./profile.js";

const names: Record<string, string> = {
	dpo: "preference (DPO)",
	sft: "SFT",
	ideal_distance: "distance to both optima",
};

/** The end of a run, for people: held-out losses, answers before and after, where the files are, what to try next. */
export function summaryText(summary: RunSummary, output: string): string {
	const speed = `${short(summary.tokens_per_second)} tok/s, peak memory ${bytes(summary.peak_memory_bytes)}`;
	const done = summary.status === "completed" ? "done" : "stopped";
	const blocks = [
		`${done} after ${summary.steps} steps in ${duration(summary.seconds)} (${speed})`,
		summary.stopped ? `ended early: ${summary.stopped.reason}` : "",
		lossTable(summary),
		summary.profile ? profileTable(summary.profile) : "",
		...(summary.samples ?? []).map(sampleText),
		filesText(summary, output),
		nextText(summary, output),
	];
	return blocks.filter((block) => block !== "").join("\n\n");
}

function lossTable(summary: RunSummary): string {
	const keys = Object.keys(names).filter((key) => typeof summary.final[key] === "number");
	if (keys.length === 0) return "";
	const rows = keys.map((key) => [names[key]!, loss(summary.initial[key]), loss(summary.final[key])]);
	return table([["held-out loss", "before", "after"], ...rows]);
}

function sampleText(sample: { prompt: string; before: string; after: string }): string {
	const indented = (text: string) => printable(text.trim()).replaceAll("\n", "\n        ");
	return `prompt  ${indented(sample.prompt)}\nbefore  ${indented(sample.before)}\nafter   ${indented(sample.after)}`;
}

function filesText(summary: RunSummary, output: string): string {
	const files = [
		["model", summary.artifact],
		["metrics", join(output, "metrics.jsonl")],
		["summary", join(output, "summary.json")],
	];
	return files.map(([name, path]) => `${`${name}:`.padEnd(9)}${path}`).join("\n");
}

function nextText(summary: RunSummary, output: string): string {
	const next =
		summary.status === "completed"
			? [
					`xright-native generate ${output} --prompt "How do I bake bread?"`,
					"--set strategy.lambda=0.25 weighs SFT more",
				]
			: ["the same command with --resume continues exactly here"];
	return `next: ${next.join("\n      ")}`;
}
