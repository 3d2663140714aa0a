import type { RunConfig } from "../config/schema.js";
import { deltaM, increase } from "../eval/delta.js";
import { nonDominated } from "../eval/front.js";
import { spread } from "../eval/spread.js";
import type { RunSummary } from "../train/events.js";
import { byObjective } from "../train/objectives.js";
import { version } from "../train/version.js";
import type { Inspection } from "./inspect.js";
import { byMeasure, comparedMeasures } from "./measures.js";
import type { Comparison, GroupRecord, Measures, PointRecord, SweepResult } from "./types.js";

/** The strategy that the others are compared with. */
const baselineStrategy = "sequential";

/** What the points come to together. */
export function sweepResult(
	points: readonly PointRecord[],
	inspection: Inspection,
	summaries: readonly RunSummary[],
): SweepResult {
	const completed = points.filter(({ status }) => status === "completed");
	const groups = groupPoints(completed);
	const baseline = groups.find(({ strategy }) => strategy === baselineStrategy) ?? null;
	const { config } = inspection.points[0]!;
	return {
		format: 1,
		status: statusOf(points),
		points: [...points],
		groups: groups.map((group) => ({ ...group, versus_baseline: baseline && compare(group.mean, baseline.mean) })),
		baseline: baseline?.label ?? null,
		front: nonDominated(completed.flatMap(frontPoint)),
		optima: optimaOf(config, summaries),
		provenance: {
			xright: version,
			model: config.model.path,
			model_fingerprint: inspection.found.fingerprint,
			data: inspection.data,
			written: new Date().toISOString(),
		},
	};
}

/** The configuration's optima; estimates are the same in every run, and known once one is complete. */
function optimaOf({ optima }: RunConfig, summaries: readonly RunSummary[]): SweepResult["optima"] {
	if (optima !== "estimate") return optima;
	return byObjective((objective) => {
		const [found] = summaries.flatMap((summary) => summary.optima[objective] ?? []);
		return found?.heldOut ?? null;
	});
}

function statusOf(points: readonly PointRecord[]): SweepResult["status"] {
	if (points.some(({ status }) => status === "pending" || status === "interrupted")) return "interrupted";
	return points.some(({ status }) => status === "failed") ? "failed" : "completed";
}

/** Mean and spread over the seeds of each strategy and λ, in the order of the sweep. */
function groupPoints(points: readonly PointRecord[]): GroupRecord[] {
	const byGroup = new Map<string, PointRecord[]>();
	for (const point of points) {
		const key = `${point.label} ${point.lambda}`;
		byGroup.set(key, [...(byGroup.get(key) ?? []), point]);
	}
	return [...byGroup.values()].map((members) => {
		const { label, strategy, lambda } = members[0]!;
		const over = (pick: (values: number[]) => number | null) =>
			byMeasure((name) => pick(members.flatMap((point) => point[name] ?? [])));
		return {
			label,
			strategy,
			lambda,
			seeds: members.map(({ seed }) => seed),
			mean: over((values) => spread(values)?.mean ?? null),
			deviation: over((values) => spread(values)?.deviation ?? null),
			versus_baseline: null,
		};
	});
}

function compare(mean: Measures, baseline: Measures): Comparison {
	const more = (name: keyof Measures) => {
		const [value, base] = [mean[name], baseline[name]];
		return value === null || !base ? null : increase(value, base);
	};
	// A relative change has no meaning against 0.
	const measures = comparedMeasures.filter(({ name }) => mean[name] !== null && baseline[name]);
	return {
		runtime_percent: more("seconds"),
		memory_percent: more("peak_memory_bytes"),
		gpu_utilization_percent: more("gpu_utilization_median"),
		delta_m_percent: deltaM(
			measures.map(({ name, higherIsBetter }) => {
				return { value: mean[name]!, baseline: baseline[name]!, higherIsBetter };
			}),
		),
		delta_m_measures: measures.map(({ name }) => name),
	};
}

/** As a point of the front, when both losses were measured. */
function frontPoint({ name, label, lambda, seed, dpo, sft }: PointRecord) {
	return dpo === null || sft === null ? [] : [{ name, label, lambda, seed, dpo, sft }];
}
