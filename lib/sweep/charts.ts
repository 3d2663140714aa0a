import { join } from "node:path";
import { frontChart, trajectoryChart } from "../report/index.js";
import { meanTrajectory, readEvaluations } from "./trajectory.js";
import type { GroupRecord, SweepResult } from "./types.js";

const axes = { x: { label: "held-out DPO loss" }, y: { label: "held-out SFT loss" } };

/** Where the runs end: each strategy over λ, with the spread over the seeds and the front. */
export async function frontSvg(result: SweepResult): Promise<string> {
	const groups = result.groups.filter(isPlaced);
	const labels = [...new Set(groups.map(({ label }) => label))];
	return frontChart({
		...axes,
		title: "Trade-off between both objectives",
		note: `Mean over the seeds; crosses: one standard deviation. Numbers are λ. Lower left is better.`,
		description: `Held-out DPO and SFT losses at the end of ${groups.length} strategies and λ.`,
		series: labels.map((label) => ({
			name: label,
			points: groups
				.filter((group) => group.label === label)
				.sort((a, b) => (a.lambda ?? 0) - (b.lambda ?? 0))
				.map(endPoint),
		})),
		front: { name: "non-dominated runs", points: result.front.map(({ dpo, sft }) => ({ x: dpo, y: sft })) },
		marks: idealPoint(result),
	});
}

/** How the held-out losses went during training: the mean over the seeds of each strategy and λ. */
export async function trajectoriesSvg(result: SweepResult, folder: string): Promise<string> {
	const groups = result.groups.filter(isPlaced);
	const paths = groups.map(async (group) => {
		const members = result.points.filter((point) => point.status === "completed" && isOf(point, group));
		const runs = await Promise.all(
			members.map((point) => readEvaluations(join(folder, point.folder, "metrics.jsonl"))),
		);
		const points = meanTrajectory(runs).map(({ dpo, sft }) => ({ x: dpo, y: sft }));
		const { x, y, xSpread, ySpread, label } = endPoint(group);
		return {
			series: group.label,
			label,
			points: points.length > 0 ? points : [{ x, y }],
			spread: spreadOf(xSpread, ySpread),
		};
	});
	return trajectoryChart({
		...axes,
		title: "Both objectives during training",
		note: "Mean over the seeds; hollow: before training, crosses: one standard deviation at the end. Numbers are λ.",
		description: `Paths of the held-out DPO and SFT losses of ${groups.length} strategies and λ.`,
		paths: await Promise.all(paths),
		marks: idealPoint(result),
	});
}

/** Whether both losses were measured. */
function isPlaced({ mean }: GroupRecord): boolean {
	return mean.dpo !== null && mean.sft !== null;
}

function isOf(point: { label: string; lambda: number | null }, group: GroupRecord): boolean {
	return point.label === group.label && point.lambda === group.lambda;
}

function endPoint({ mean, deviation, lambda }: GroupRecord) {
	return {
		x: mean.dpo!,
		y: mean.sft!,
		xSpread: deviation.dpo ?? undefined,
		ySpread: deviation.sft ?? undefined,
		label: lambda === null ? undefined : String(lambda),
	};
}

function spreadOf(x: number | undefined, y: number | undefined) {
	return x === undefined || y === undefined ? undefined : { x, y };
}

/** Where both objectives are at their optimum, when these are known. */
function idealPoint({ optima }: SweepResult) {
	const { preference, sft } = optima;
	return preference === null || sft === null ? [] : [{ name: "both optima", x: preference, y: sft }];
}
