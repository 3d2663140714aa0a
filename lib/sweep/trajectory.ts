import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { EvalEvent } from "../train/events.js";

/** Held-out losses after a step. */
export interface Evaluation {
	step: number;
	dpo: number;
	sft: number;
}

/** The held-out losses of a run over its steps, from its metrics.jsonl. */
export async function readEvaluations(path: string): Promise<Evaluation[]> {
	const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
	const evaluations: Evaluation[] = [];
	for await (const line of lines) {
		// Only these rows are parsed: a long run has thousands of steps between them.
		if (!line.startsWith('{"event":"eval"')) continue;
		const { step, dpo, sft } = JSON.parse(line) as EvalEvent;
		if (typeof dpo === "number" && typeof sft === "number") evaluations.push({ step, dpo, sft });
	}
	return evaluations;
}

/** The mean over runs at every step at which all of them were evaluated. */
export function meanTrajectory(runs: readonly (readonly Evaluation[])[]): Evaluation[] {
	const [first = [], ...others] = runs;
	return first.flatMap(({ step }) => {
		const at = [first, ...others].flatMap((run) => run.find((evaluation) => evaluation.step === step) ?? []);
		if (at.length < runs.length) return [];
		const mean = (name: "dpo" | "sft") => at.reduce((sum, evaluation) => sum + evaluation[name], 0) / at.length;
		return [{ step, dpo: mean("dpo"), sft: mean("sft") }];
	});
}
