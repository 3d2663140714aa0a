import type { Spread } from "../../eval/spread.js";
import { noisyTable1, table1, table1Reference } from "../data.js";
import { jointMethods, preferenceFirst, repeat, sftFirst, spreadOver } from "../methods.js";
import { minimise } from "../minimise.js";
import { fitPowerLaw } from "../power-law.js";
import { ToyProblem } from "../problem.js";
import type { Row } from "../types.js";

export interface Rate {
	method: string;
	/** Gap of the mixed objective after a run of each length T, over the seeds. */
	gaps: Spread[];
	/** Of gap ≈ factor · Tᵉˣᵖᵒⁿᵉⁿᵗ; null when a mean gap is down to rounding, where it is no power law. */
	exponent: number | null;
}

export interface RateProblem {
	name: string;
	title: string;
	minimiser: number;
	optimum: number;
	rates: Rate[];
	/** What Theorem 4.1 bounds ALRIGHT's expected gap by, for each T. */
	bounds: number[];
}

export interface RatesResult {
	study: "rates";
	lambda: number;
	alpha0: number;
	start: number;
	/** Lengths T of the runs; Sequential gives each stage half. */
	steps: readonly number[];
	seeds: readonly number[];
	/** log T/√T fitted over the same lengths. */
	referenceExponent: number;
	problems: RateProblem[];
}

export interface RatesSetting {
	lambda: number;
	/** α₀ of the step size α₀/√T. */
	alpha0: number;
	steps: readonly number[];
}

const paper: RatesSetting = { lambda: 0.5, alpha0: 20, steps: [100, 316, 1000, 3162, 10_000, 31_623, 100_000] };
const START = 0;
/** Mean gaps below this are rounding. */
const ROUNDING = 1e-12;

const methods = [preferenceFirst, sftFirst, ...jointMethods];

/** The order of Theorem 4.1. */
export const order = (steps: number) => Math.log(steps) / Math.sqrt(steps);

/** How the gap of the mixed objective depends on the length of a run, with the step size of Theorem 4.1. */
export function runRates(seeds: readonly number[], setting = paper): RatesResult {
	const { steps } = setting;
	return {
		study: "rates",
		...setting,
		start: START,
		seeds,
		referenceExponent: fitPowerLaw(steps.map((x) => ({ x, y: order(x) }))).exponent,
		problems: [
			measure(
				"noisy",
				"Table 1, one label in four wrong",
				new ToyProblem(noisyTable1, table1Reference),
				seeds,
				setting,
			),
			measure("table-1", "Table 1", new ToyProblem(table1, table1Reference), seeds, setting),
		],
	};
}

function measure(
	name: string,
	title: string,
	problem: ToyProblem,
	seeds: readonly number[],
	setting: RatesSetting,
): RateProblem {
	const { lambda, alpha0, steps } = setting;
	const minimiser = minimise(problem, lambda, [START]);
	const optimum = problem.mixedLoss(lambda, minimiser);
	const rates = methods.map((method): Rate => {
		const gaps = steps.map((length) => {
			const run = { problem, lambda, start: [START], steps: length, stepSize: alpha0 / Math.sqrt(length) };
			return spreadOver(repeat(method, seeds, run), (theta) => problem.mixedLoss(lambda, theta) - optimum);
		});
		return { method: method.label, gaps, exponent: exponentOf(steps, gaps) };
	});
	const bounds = steps.map((length) => theoremBound(problem, setting, length, minimiser[0]! - START));
	return { name, title, minimiser: minimiser[0]!, optimum, rates, bounds };
}

function exponentOf(steps: readonly number[], gaps: readonly Spread[]): number | null {
	if (gaps.some(({ mean }) => mean < ROUNDING)) return null;
	return fitPowerLaw(gaps.map(({ mean }, i) => ({ x: steps[i]!, y: mean }))).exponent;
}

/**
 * Equation 46 with its first term as the proof gives it, ‖θ₁ − θ*‖²/(2α₀√T), and with the second moment of ALRIGHT's
 * gradient, λM₁² + (1 − λ)M₂², for M_λ² (which is smaller when M₁ and M₂ differ).
 */
function theoremBound(problem: ToyProblem, setting: RatesSetting, steps: number, distance: number): number {
	const { lambda, alpha0 } = setting;
	const bound = (rows: readonly Row[]) => Math.max(...rows.map((row) => row.gradientBound));
	const moment = lambda * bound(problem.rows.preference) ** 2 + (1 - lambda) * bound(problem.rows.sft) ** 2;
	const root = 2 * Math.sqrt(steps);
	return distance ** 2 / (alpha0 * root) + ((2 + Math.log(steps - 1)) * moment * alpha0) / root;
}
