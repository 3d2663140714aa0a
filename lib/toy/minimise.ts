import type { ToyProblem } from "./problem.js";
import type { Vector } from "./types.js";

/**
 * A minimiser of f_Mix,λ by gradient descent. The step is 1/L for a logistic loss of the greatest slope any row has,
 * so descent is certain; stops when the gradient is down to rounding. Not for problems whose infimum is at infinity.
 */
export function minimise(problem: ToyProblem, lambda: number, start: Vector): Vector {
	const slopes = [...problem.rows.preference, ...problem.rows.sft].map((row) => row.gradientBound);
	const stepSize = 4 / Math.max(...slopes) ** 2;
	let theta = start;
	for (;;) {
		const gradient = problem.mixedGradient(lambda, theta);
		if (Math.hypot(...gradient) < 1e-13) return theta;
		theta = theta.map((value, i) => value - stepSize * gradient[i]!);
	}
}
