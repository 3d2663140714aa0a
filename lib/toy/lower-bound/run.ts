import type { Spread } from "../../eval/spread.js";
import * as closed from "../closed-forms.js";
import { table1, table1Reference } from "../data.js";
import { jointMethods, type Method, preferenceFirst, repeat, sftFirst, spreadOver } from "../methods.js";
import { minimise } from "../minimise.js";
import { logSteps, type Path, pathOf } from "../path.js";
import { BETA, ToyProblem } from "../problem.js";
import { type ClosedFormCheck, checkClosedForms } from "./closed-form-checks.js";

/** Where a strategy ends at one λ, over the seeds. */
export interface LowerBoundEnd {
	method: string;
	lambda: number;
	theta: Spread;
	preferenceLoss: Spread;
	sftLoss: Spread;
	/** Of the mixed objective, measured on the policy. */
	gap: Spread;
	/** Greatest difference between the measured gap and that of equations 30 and 31 at the same θ. */
	error: number;
	/** The gap that Theorem 3.3 says the strategy keeps; null for strategies it is not about. */
	bound: number | null;
}

export interface LowerBoundResult {
	study: "lower-bound";
	reference: number;
	beta: number;
	start: number;
	/** Of a whole run; each stage of Sequential has half. */
	steps: number;
	stepSize: number;
	seeds: readonly number[];
	closedForms: ClosedFormCheck[];
	ends: LowerBoundEnd[];
	/** At λ = ½, the run of the first seed. */
	paths: Path[];
}

export interface LowerBoundSetting {
	lambdas: readonly number[];
	steps: number;
	/** α₀ of the step size α₀/√T. */
	alpha0: number;
}

const paper: LowerBoundSetting = { lambdas: [0.25, 0.5, 0.75], steps: 20_000, alpha0: 10 };
const START = 0;

/** Sequential ends at θ ≥ 0 with preference first (Theorem 3.3) and, mirrored at −5, at θ ≤ −10 with SFT first. */
const methods: readonly (Method & { leastEnd?: number })[] = [
	{ ...preferenceFirst, leastEnd: 0 },
	{ ...sftFirst, leastEnd: -10 },
	...jointMethods,
];

/** Steps close together at the start of each half of the run, where things move. */
function stageSteps(steps: number): Set<number> {
	const half = [...logSteps(steps / 2, 20)];
	return new Set([0, ...half, ...half.map((step) => steps / 2 + step)]);
}

/** Table 1: Sequential keeps a gap, the joint strategies lose theirs; everything against the closed forms. */
export function runLowerBound(seeds: readonly number[], setting = paper): LowerBoundResult {
	const problem = new ToyProblem(table1, table1Reference);
	const { steps } = setting;
	const stepSize = setting.alpha0 / Math.sqrt(steps);
	const shared = { problem, start: [START], steps, stepSize };
	const ends = setting.lambdas.flatMap((lambda) => {
		const least = problem.mixedLoss(lambda, minimise(problem, lambda, [START]));
		return methods.map((method): LowerBoundEnd => {
			const thetas = repeat(method, seeds, { ...shared, lambda });
			const gap = (theta: readonly number[]) => problem.mixedLoss(lambda, theta) - least;
			return {
				method: method.label,
				lambda,
				theta: spreadOver(thetas, ([value]) => value!),
				preferenceLoss: spreadOver(thetas, (theta) => problem.loss("preference", theta)),
				sftLoss: spreadOver(thetas, (theta) => problem.loss("sft", theta)),
				gap: spreadOver(thetas, gap),
				error: Math.max(...thetas.map((theta) => Math.abs(gap(theta) - closed.mixedGap(lambda, theta[0]!)))),
				bound: method.leastEnd === undefined ? null : closed.mixedGap(lambda, method.leastEnd),
			};
		});
	});
	return {
		study: "lower-bound",
		reference: table1Reference[0]!,
		beta: BETA,
		start: START,
		steps,
		stepSize,
		seeds,
		closedForms: checkClosedForms(problem),
		ends,
		paths: methods.map((method) => pathOf(method, { ...shared, lambda: 0.5, seed: seeds[0]! }, stageSteps(steps))),
	};
}
