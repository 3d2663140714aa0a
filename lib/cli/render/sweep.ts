import { join } from "node:path";
import type { SweepPlan } from "../../sweep/sweep.js";
import { sweepTable } from "../../sweep/table.js";
import type { SweepResult } from "../../sweep/types.js";
import { table } from "./format.js";

/** The end of a sweep, for people: the comparison, what failed and why, where the files are. */
export function sweepText(result: SweepResult, output: string): string {
	const { points, baseline } = result;
	const completed = points.filter(({ status }) => status === "completed").length;
	const failed = points.filter(({ status }) => status === "failed");
	const blocks = [
		`${result.status === "interrupted" ? "stopped" : "done"}: ${completed} of ${points.length} runs completed`,
		completed === 0 ? "" : table(sweepTable(result)),
		baseline === null ? "" : `runtime, memory change and Δm: against ${baseline}`,
		failed.map(({ name, error }) => `failed: ${name}: ${error?.message}`).join("\n"),
		["front.json", "table.md", ...(completed === 0 ? [] : ["front.svg", "trajectories.svg"])]
			.map((name) => join(output, name))
			.join("\n"),
		result.status === "completed" ? "" : "next: the same command runs what is missing",
	];
	return blocks.filter((block) => block !== "").join("\n\n");
}

/** What a sweep would run, for people. */
export function sweepPlanText({ points, output }: SweepPlan): string {
	const state = ({ finished, stepsDone }: SweepPlan["points"][number]) => {
		if (finished) return "finished";
		return stepsDone > 0 ? `continues after step ${stepsDone}` : "new";
	};
	const rows = points.map((point) => [point.name, String(point.steps), state(point)]);
	return [
		`${points.length} runs, into ${output}`,
		table([["run", "steps", "state"], ...rows]),
		"Nothing was trained (--dry-run).",
	].join("\n");
}
