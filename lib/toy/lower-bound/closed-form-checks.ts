import * as closed from "../closed-forms.js";
import { minimise } from "../minimise.js";
import type { ToyProblem } from "../problem.js";

export interface ClosedFormCheck {
	name: string;
	/** At θ = 0 for a function of θ. */
	measured: number;
	closed: number;
	/** Greatest difference, over θ = −25, −24.5, …, 15 for a function of θ. */
	error: number;
}

const grid = Array.from({ length: 81 }, (_, i) => -25 + i / 2);

/** The policy of Table 1 against equations 30 to 33 and, at λ = ½, the constants of the proof. */
export function checkClosedForms(problem: ToyProblem): ClosedFormCheck[] {
	const minimiser = minimise(problem, 0.5, [0]);
	const least = problem.mixedLoss(0.5, minimiser);
	const sqrtC = Math.sqrt(closed.c);
	const cStar = (1 + sqrtC) ** 2;
	return [
		overGrid("f_DPO (eq. 30)", (theta) => problem.loss("preference", [theta]), closed.preferenceLoss),
		overGrid("f_SFT (eq. 31)", (theta) => problem.loss("sft", [theta]), closed.sftLoss),
		overGrid("g_DPO (eq. 32)", (theta) => problem.mixedGradient(1, [theta])[0]!, closed.preferenceGradient),
		overGrid("g_SFT (eq. 33)", (theta) => problem.mixedGradient(0, [theta])[0]!, closed.sftGradient),
		single("c = e⁵", closed.c, Math.exp(5)),
		single("minimiser = −ln c", minimiser[0]!, -Math.log(closed.c)),
		single("f* = log(1 + √c)", least, Math.log(1 + sqrtC)),
		single("c* = (1 + √c)²", Math.exp(2 * least), cStar),
		single("gap at θ = 0 (eq. 34)", problem.mixedLoss(0.5, [0]) - least, 0.5 * Math.log((2 + 2 * closed.c) / cStar)),
	];
}

function single(name: string, measured: number, value: number): ClosedFormCheck {
	return { name, measured, closed: value, error: Math.abs(measured - value) };
}

function overGrid(name: string, measured: (theta: number) => number, value: (theta: number) => number) {
	const error = Math.max(...grid.map((theta) => Math.abs(measured(theta) - value(theta))));
	return { name, measured: measured(0), closed: value(0), error };
}
