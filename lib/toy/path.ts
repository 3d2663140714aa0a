import { type Drive, drive } from "./drive.js";
import type { Method } from "./methods.js";
import type { Vector } from "./types.js";

/** What one run came past. */
export interface Path {
	method: string;
	points: PathPoint[];
}

export interface PathPoint {
	step: number;
	theta: Vector;
	preferenceLoss: number;
	sftLoss: number;
}

/** Runs a method and keeps θ and both losses at the given steps. */
export function pathOf(
	method: Method,
	run: Omit<Drive, "factory" | "options" | "record">,
	steps: ReadonlySet<number>,
): Path {
	const points: PathPoint[] = [];
	const record = (step: number, theta: Vector) => {
		if (!steps.has(step)) return;
		const [preferenceLoss, sftLoss] = [run.problem.loss("preference", theta), run.problem.loss("sft", theta)];
		points.push({ step, theta: [...theta], preferenceLoss, sftLoss });
	};
	drive({ ...run, factory: method.factory, options: method.options, record });
	return { method: method.label, points };
}

/** 0, `count` + 1 steps evenly spaced up to `last`. */
export function evenSteps(last: number, count: number): Set<number> {
	return new Set(Array.from({ length: count + 1 }, (_, i) => Math.round((i * last) / count)));
}

/** Steps 1 … `last`, about `perDecade` in every power of ten. */
export function logSteps(last: number, perDecade: number): Set<number> {
	const count = Math.round(Math.log10(last) * perDecade);
	return new Set(Array.from({ length: count + 1 }, (_, i) => Math.round(last ** (i / count))));
}
