import { expect } from "vitest";
import { packRows } from "../../lib/data/pack.js";
import type { Part } from "../../lib/native/binding.js";
import type { Session } from "../../lib/native/session.js";
import { pairs, type RowLogps, rowLogps, sft, worst } from "./parity-fixtures.js";

/** Of log-probs, against transformers in float32. */
export const logpTolerance = 1e-4;
/** Of losses and gradient norms over a training. */
const trainTolerance = 1e-3;
const adamw = { lr: 1e-3, betas: [0.9, 0.95] as [number, number], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 };

/** What transformers says of a model. */
export interface ModelNumbers {
	logps: RowLogps;
	next: number[];
	greedy: number[];
}

export async function expectRowLogps(session: Session, logps: RowLogps): Promise<void> {
	expect(worst(await rowLogps(session), logps)).toBeLessThan(logpTolerance);
}

/** Log-probs of every token of the vocabulary after the first prompt. */
export async function expectNextToken(session: Session, next: number[]): Promise<void> {
	const { prompt } = pairs[0]!;
	// One prompt that every token of the vocabulary follows, each as a response of its own.
	const segments = [0, prompt.length, -1, 0, 0];
	for (let id = 0; id < next.length; id++) segments.push(prompt.length + id, 1, 0, 1, prompt.length + id);
	const ids = Int32Array.from([...prompt, ...next.keys()]);
	const { logps } = await session.score({ ids, segments: Int32Array.from(segments) }, "current");
	const difference = next.map((value, id) => Math.abs(value - logps[id]!));
	expect(Math.max(...difference)).toBeLessThan(logpTolerance);
}

export async function expectGreedy(session: Session, greedy: number[]): Promise<void> {
	const spec = { prompt: pairs[0]!.prompt, tokens: 12, temperature: 0, topP: 1, seed: 0, stop: [] };
	expect([...(await session.generate(spec))]).toEqual(greedy);
}

export type Trajectory = {
	loss: number;
	grad_norm: number;
	"rewards/chosen"?: number;
	"rewards/rejected"?: number;
}[];

/** The two rows of a step, cycling in file order, as make.py takes them. */
function two<T>(rows: T[], step: number): T[] {
	return [0, 1].map((k) => rows[(2 * step + k) % rows.length]!);
}

export function sftPart(step: number): Part {
	const rows = two(sft, step);
	const normalizer = rows.reduce((sum, row) => sum + row.response.length, 0);
	return { objective: "sft", weight: 1, normalizer, options: {}, batch: packRows("sft", rows) };
}

export async function dpoPart(session: Session, step: number, labelSmoothing: number): Promise<Part> {
	const batch = packRows("preference", two(pairs, step));
	const { logps: reference } = await session.score(batch, "reference");
	const options = { beta: 0.1, labelSmoothing };
	return { objective: "dpo", weight: 1, normalizer: 2, options, batch, reference };
}

/** Trains as make.py does and compares every step's numbers. */
export async function expectTraining(
	session: Session,
	steps: Trajectory,
	makePart: (step: number) => Part | Promise<Part>,
): Promise<void> {
	for (const [index, want] of steps.entries()) {
		const [result] = await session.accumulate([await makePart(index)], index + 1);
		const { gradNorm } = await session.update(adamw);
		expect(Math.abs(result!.loss - want.loss), `loss of step ${index + 1}`).toBeLessThan(trainTolerance);
		const norm = Math.abs(gradNorm - want.grad_norm) / want.grad_norm;
		expect(norm, `gradient norm of step ${index + 1}`).toBeLessThan(trainTolerance);
		for (const name of ["rewards/chosen", "rewards/rejected"] as const) {
			if (want[name] === undefined) continue;
			const mean = result!.sums[name]! / result!.counts[name]!;
			expect(Math.abs(mean - want[name]), `${name} of step ${index + 1}`).toBeLessThan(trainTolerance);
		}
	}
}
