import type { DryRun } from "../../train/dry-run.js";
import { bytes, short, table } from "./format.js";

/** What a run would do, for people. */
export function planText(plan: DryRun): string {
	const objectives = (["preference", "sft"] as const).filter((objective) => plan.rows[objective] > 0);
	const rows = objectives.map((objective) => [
		objective,
		String(plan.rows[objective]),
		short(plan.tokens[objective]),
		String(plan.longest[objective]),
	]);
	const { weights, trainable, activations, total } = plan.memory;
	return [
		`${plan.strategy}: ${plan.steps} steps, into ${plan.output}`,
		table([["data", "rows", "tokens", "longest"], ...rows]),
		`trains ${short(plan.trainable)} of ${short(plan.parameters)} parameters`,
		`memory about ${bytes(total)}: weights ${bytes(weights)}, trained ${bytes(trainable)}, activations up to ${bytes(activations)}`,
		"Nothing was trained (--dry-run).",
	].join("\n");
}
