// ORPO trains no DPO loss, so a sweep has none for it; here it is, from the log-probs of the held-out pairs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Mean DPO loss of an ORPO run's adapter on pairs, with the bare model as the reference. */
function dpoLoss(program, folder, pairs, beta) {
	const reference = logRatios(program, folder, pairs, "null");
	const policy = logRatios(program, folder, pairs, join(folder, "adapter"));
	const losses = policy.map((ratio, row) => Math.log1p(Math.exp(-beta * (ratio - reference[row]))));
	return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** log π(chosen) − log π(rejected) of every pair. */
function logRatios(program, folder, pairs, init) {
	const out = join(folder, "scores.jsonl");
	const set = [
		`adapter.init=${init}`,
		`data.preference.path=${pairs}`,
		"data.preference.evaluation=null",
		"data.sft=null",
	];
	const options = set.flatMap((override) => ["--set", override]);
	execFileSync(process.execPath, [program, "score", join(folder, "config.json"), "--out", out, ...options]);
	const lines = readFileSync(out, "utf8").trim().split("\n");
	return lines.map((line) => JSON.parse(line)).map((row) => row.logp_chosen - row.logp_rejected);
}

/** What ORPO's runs come to; the ideal distance is null without optima. */
export function measureOrpo(points, { program, folder, pairs, beta, optima: { preference, sft } }) {
	const known = typeof preference === "number" && typeof sft === "number";
	return points
		.filter(({ status }) => status === "completed")
		.map((point) => {
			const dpo = dpoLoss(program, join(folder, point.folder), pairs, beta);
			const distance = known ? Math.hypot(dpo - preference, point.sft - sft) : null;
			return { seed: point.seed, dpo, sft: point.sft, distance, secondsPerStep: point.seconds_per_step };
		});
}
