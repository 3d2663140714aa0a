import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dryRun, generate, type RowScore, run, score } from "../../lib/index.js";
import { createWorkspace, type Workspace } from "./workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

async function scores(config = work.config()): Promise<RowScore[]> {
	const rows: RowScore[] = [];
	for await (const row of score(config, { env: work.env })) rows.push(row);
	return rows;
}

describe("dryRun", () => {
	it("says what a run would do", async () => {
		const plan = await dryRun(work.config(), { env: work.env }).result;
		expect(plan).toMatchObject({ strategy: "alright", steps: 12, rows: { preference: 11, sft: 17 } });
		expect(plan.tokens.sft).toBeGreaterThan(17 * plan.longest.sft * 0.5);
		expect(plan.notes).toContainEqual(expect.stringContaining("optima"));
	});

	it("counts the parameters that the run then trains", async () => {
		const config = work.config({ adapter: { type: "lora", rank: 4, targets: "all-linear" } }, { steps: 1 });
		const plan = await dryRun(config, { env: work.env }).result;
		const job = run(config, { env: work.env });
		for await (const event of job) {
			if (event.event === "start") {
				expect(plan.trainable).toBe(event.model.trainable);
				expect(plan.parameters).toBe(event.model.parameters);
			}
		}
		expect((await job.result).steps).toBe(1);
	});

	it("as an option of run tells the plan in events and trains nothing", async () => {
		const job = run(work.config(), { env: work.env, dryRun: true });
		const messages: string[] = [];
		for await (const event of job) if (event.event === "info") messages.push(event.message);
		expect(messages).toContainEqual(expect.stringContaining("12 steps of strategy alright"));
		expect((await job.result).status).toBe("planned");
	});
});

describe("score", () => {
	it("gives one line a row, pairs first, that do not depend on the micro-batches", async () => {
		const rows = await scores();
		expect(rows).toHaveLength(28);
		expect(Object.keys(rows[0] as object)).toEqual([
			...["index", "logp_chosen", "logp_rejected"],
			...["tokens_prompt", "tokens_chosen", "tokens_rejected"],
		]);
		expect(Object.keys(rows[11] as object)).toEqual(["index", "nll", "tokens_prompt", "tokens_response"]);
		expect(rows.map(({ index }) => index)).toEqual([...Array(11).keys(), ...Array(17).keys()]);
		const alone = await scores(work.config({}, { microBatchTokens: 1 }));
		expect(alone).toEqual(rows);
	});

	it("of a trained adapter is what the run evaluated", async () => {
		const config = work.config({ strategy: { name: "sft" } });
		const { final } = await run(config, { env: work.env }).result;
		const init = join(config.output as string, "adapter");
		const data = { sft: { path: join(work.folder, "sft-test.jsonl") } };
		const { evaluation: _, ...rest } = config;
		const rows = await scores({ ...rest, data, adapter: { type: "lora", init } });
		const sum = (key: string) =>
			rows.reduce((total, row) => total + (row as unknown as Record<string, number>)[key]!, 0);
		expect(sum("nll") / sum("tokens_response")).toBeCloseTo(final.sft as number, 5);
	});
});

describe("generate", () => {
	async function text(from: Parameters<typeof generate>[0]): Promise<string> {
		let answer = "";
		const options = { prompt: "Say 3:", maxNewTokens: 8, env: work.env };
		for await (const piece of generate(from, options)) answer += piece;
		return answer;
	}

	it("answers with the model of a configuration, greedily the same each time", async () => {
		const config = work.config();
		const first = await text(config);
		expect(first.length).toBeGreaterThan(0);
		expect(await text(config)).toBe(first);
	});

	it("answers with what a run trained", async () => {
		const train = { steps: 40, optimizer: { lr: 2e-2 } };
		const config = work.config({ strategy: { name: "sft" }, evaluation: { every: null } }, train);
		await run(config, { env: work.env }).result;
		expect(await text(config.output as string)).not.toBe(await text(config));
	});

	it("says when a folder holds no run", async () => {
		await expect(text(work.folder)).rejects.toMatchObject({ code: "CONFIG" });
	});
});
