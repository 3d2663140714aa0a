import { cell } from "../cells.js";
import type { ToyTable } from "../types.js";
import { order, type RatesResult } from "./run.js";

export function ratesTables({ problems, steps, seeds, lambda, referenceExponent }: RatesResult): ToyTable[] {
	return problems.map(({ title, rates, bounds }) => ({
		caption: `${title}: mean gap of the mixed objective (λ = ${lambda}) over ${seeds.length} seeds after T steps of α₀/√T, and the fitted exponent of T`,
		rows: [
			["T", ...steps.map(String), "exponent"],
			...rates.map(({ method, gaps, exponent }) => [
				method,
				...gaps.map(({ mean }) => cell(mean)),
				exponent === null ? "–" : exponent.toFixed(3),
			]),
			["log T/√T", ...steps.map((length) => cell(order(length))), referenceExponent.toFixed(3)],
			["bound of Theorem 4.1", ...bounds.map(cell), ""],
		],
	}));
}
