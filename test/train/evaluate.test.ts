import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunConfigInput } from "../../lib/config/schema.js";
import { run } from "../../lib/train/run.js";
import { type PreferenceScore, score } from "../../lib/train/score.js";
import { createWorkspace, metricRows, type Workspace } from "./workspace.js";

let work: Workspace;
beforeAll(async () => {
	work = await createWorkspace();
});
afterAll(() => work.remove());

async function scores(config: RunConfigInput): Promise<PreferenceScore[]> {
	const rows: PreferenceScore[] = [];
	for await (const row of score(config, { env: work.env })) rows.push(row as PreferenceScore);
	return rows;
}

it.each([
	["adapters", { type: "lora", rank: 4, alpha: 8 }],
	["every weight", { type: "none" }],
] as const)("a run of %s with another loss is measured with that of evaluation.preference", async (name, adapter) => {
	const beta = 0.3;
	const evaluation = { every: 5, preference: { loss: "sigmoid", beta } } as const;
	const output = join(work.folder, name);
	const config = work.config({ strategy: { name: "orpo" }, adapter, evaluation, output }, { steps: 10 });
	await run(config, { env: work.env }).result;
	const evaluations = (await metricRows(output)).filter(({ event }) => event === "eval");
	expect(evaluations.map(({ step }) => step)).toEqual([0, 5, 10]);
	expect(evaluations[0]!.dpo).toBeCloseTo(Math.LN2, 12);
	for (const evaluated of evaluations) expect(evaluated).not.toHaveProperty("orpo");

	// The same loss from the log-probs of both models.
	const { model, device, threads } = config;
	const data = { preference: { path: join(work.folder, "pairs-test.jsonl") } };
	const common = { model, device, threads, data, strategy: { name: "dpo" } } as const;
	const before = await scores({ ...common, adapter });
	const trained =
		adapter.type === "none"
			? { adapter, model: { ...model, path: join(output, "model") } }
			: { adapter: { type: "lora", init: join(output, "adapter") } as const };
	const after = await scores({ ...common, ...trained });
	const losses = after.map(({ logp_chosen: chosen, logp_rejected: rejected }, row) => {
		const { logp_chosen: chosenBefore, logp_rejected: rejectedBefore } = before[row]!;
		return Math.log1p(Math.exp(-beta * (chosen - chosenBefore - (rejected - rejectedBefore))));
	});
	const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
	expect(evaluations[2]!.dpo).toBeCloseTo(mean, 5);
	expect(Math.abs(mean - Math.LN2)).toBeGreaterThan(1e-3);
});
