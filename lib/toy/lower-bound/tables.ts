import { cell, spreadCell } from "../cells.js";
import type { ToyTable } from "../types.js";
import type { LowerBoundResult } from "./run.js";

export function lowerBoundTables({ closedForms, ends, steps, reference }: LowerBoundResult): ToyTable[] {
	return [
		{
			caption: `Table 1, θ_ref = ${reference}, β = 1: the policy against the paper's closed forms (functions at θ = 0, error over −25 ≤ θ ≤ 15)`,
			rows: [
				["", "measured", "closed form", "error"],
				...closedForms.map(({ name, measured, closed, error }) => [
					name,
					measured.toFixed(12),
					closed.toFixed(12),
					cell(error),
				]),
			],
		},
		{
			caption: `After ${steps} steps of α₀/√T: gap of the mixed objective, and the gap that the lower bound keeps Sequential above`,
			rows: [
				["strategy", "λ", "θ", "f_DPO", "f_SFT", "gap", "error", "bound"],
				...ends.map((end) => [
					end.method,
					String(end.lambda),
					spreadCell(end.theta),
					cell(end.preferenceLoss.mean),
					cell(end.sftLoss.mean),
					spreadCell(end.gap),
					cell(end.error),
					end.bound === null ? "–" : cell(end.bound),
				]),
			],
		},
	];
}
