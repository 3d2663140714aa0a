import type { EstimatedOptimum } from "./types.js";

/** A line of metrics.jsonl. */
export type MetricRow = Record<string, unknown>;

/**
 * The lowest losses of a training of one objective: the mean over a window of `window` steps in a row, and an evaluation.
 * `name` is the objective's in evaluations.
 */
export function lowestLosses(
	rows: readonly MetricRow[],
	name: string,
	window: number,
): Pick<EstimatedOptimum, "training" | "heldOut"> {
	const losses = rows.filter(({ event }) => event === "step").map(({ loss }) => loss as number);
	const evaluations = rows
		.filter((row) => row.event === "eval" && typeof row[name] === "number")
		.map((row) => ({ loss: row[name] as number, step: row.step as number }));
	return { training: lowest(windows(losses, window)), heldOut: evaluations.length > 0 ? lowest(evaluations) : null };
}

/** Means over whole windows from the first step on; a training shorter than one is a window itself. */
function windows(losses: readonly number[], size: number): EstimatedOptimum["training"][] {
	const width = Math.min(size, losses.length);
	return Array.from({ length: Math.floor(losses.length / width) }, (_, index) => {
		const inside = losses.slice(index * width, (index + 1) * width);
		const steps: [number, number] = [index * width + 1, (index + 1) * width];
		return { loss: inside.reduce((sum, loss) => sum + loss, 0) / width, steps };
	});
}

function lowest<T extends { loss: number }>(found: readonly T[]): T {
	return found.reduce((best, next) => (next.loss < best.loss ? next : best));
}
