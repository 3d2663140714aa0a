import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lossOptions } from "../../lib/config/losses/index.js";
import type { RunConfigInput } from "../../lib/config/schema.js";
import type { RunEvent } from "../../lib/train/events.js";
import { run } from "../../lib/train/run.js";
import { score } from "../../lib/train/score.js";
import { createWorkspace, metricRows, tinyModel, untimedMetrics, type Workspace } from "./workspace.js";

let work: Workspace;
beforeAll(async () => {
	work = await createWorkspace();
	const row = (i: number) => ({ prompt: `Question ${i}?`, completion: ` answer ${(i * 7) % 5}`, label: i % 3 !== 1 });
	const lines = Array.from({ length: 11 }, (_, i) => `${JSON.stringify(row(i))}\n`);
	await writeFile(join(work.folder, "labelled.jsonl"), lines.join(""));
	await writeFile(join(work.folder, "labelled-test.jsonl"), lines.slice(0, 4).join(""));
});
afterAll(() => work.remove());

const names = lossOptions.map(({ schema }) => schema.shape.loss.value);
type LossName = (typeof names)[number];
type Preference = NonNullable<NonNullable<RunConfigInput["objective"]>["preference"]>;
const lora = { type: "lora", rank: 4, alpha: 8 } as const;

/** Data of the kind that the loss trains on. */
function dataFor(loss: LossName) {
	const stem = loss === "kto" ? "labelled" : "pairs";
	const at = (name: string) => join(work.folder, `${name}.jsonl`);
	return { preference: { path: at(stem), evaluation: { path: at(`${stem}-test`) } }, sft: { path: at("sft") } };
}

let runs = 0;
async function train(loss: LossName, rest: Partial<RunConfigInput> = {}, train: RunConfigInput["train"] = {}) {
	const output = join(work.folder, `${loss}-${runs++}`);
	const objective = { preference: { loss } as Preference };
	const config = { objective, data: dataFor(loss), strategy: { name: "dpo" }, adapter: lora, output, ...rest } as const;
	const events: RunEvent[] = [];
	const job = run(work.config(config, train), { env: work.env });
	for await (const event of job) events.push(event);
	const rows = await metricRows(output);
	const of = (name: string) => rows.filter(({ event }) => event === name) as Record<string, number>[];
	return { output, steps: of("step"), evals: of("eval"), events };
}

/** Both runs' numbers, which differ by rounding alone. */
function expectAlike(a: Record<string, unknown>[], b: Record<string, unknown>[]): void {
	expect(a.length).toBe(b.length);
	for (const [index, row] of a.entries()) {
		for (const [name, value] of Object.entries(row)) {
			if (typeof value !== "number" || name === "seconds") continue;
			const other = b[index]?.[name] as number;
			expect([name, Math.abs(value - other) <= 2e-4 * (1 + Math.abs(other))]).toEqual([name, true]);
		}
	}
}

describe.each(names.map((name) => [name]))("loss %s", (loss) => {
	it("goes down, and does not depend on the split into micro-batches", async () => {
		const batch = { preference: 11 };
		const small = await train(loss, {}, { steps: 6, batch, microBatchTokens: 1 });
		const large = await train(loss, {}, { steps: 6, batch, microBatchTokens: 100_000 });
		expectAlike(small.steps, large.steps);
		expectAlike(small.evals, large.evals);
		expect(large.steps[5]!.loss).toBeLessThan(large.steps[0]!.loss!);
	});

	it("is trained beside SFT", async () => {
		const { metric } = lossOptions.find(({ schema }) => schema.shape.loss.value === loss)!;
		const { steps } = await train(loss, { strategy: { name: "mix", lambda: 0.5 } }, { steps: 2 });
		const [first] = steps;
		expect(first!.loss).toBeCloseTo(0.5 * first![`loss/${metric}`]! + 0.5 * first!["loss/sft"]!, 10);
	});
});

describe("losses without a reference", () => {
	it.each([["orpo"], ["simpo"]] as const)("%s computes none, even where it would be scored ahead", async (loss) => {
		const { steps, evals, events } = await train(loss, { adapter: { type: "none" } }, { steps: 3 });
		expect(events.filter((event) => event.event === "progress" && event.phase.includes("reference"))).toEqual([]);
		expect(steps.map(({ objective }) => objective)).toEqual([loss, loss, loss]);
		expect(evals[0]).toHaveProperty(`gap/${loss}`);
	});

	it("may report DPO's loss on held-out rows, to be compared with other runs", async () => {
		const evaluation = { every: 2, preference: { loss: "sigmoid", beta: 0.2 } } as const;
		const full = { type: "none" } as const;
		for (const rest of [{ adapter: full, evaluation }, { evaluation }, { strategy: { name: "orpo" } as const }]) {
			const { steps, evals } = await train("orpo", rest, { steps: 8, optimizer: { lr: 1e-3 } });
			expect(steps[0]!.objective).toBe("orpo");
			expect(evals[0]!.dpo).toBeCloseTo(Math.LN2, 12);
			expect(evals.at(-1)!.dpo).toBeLessThan(Math.LN2);
			expect(evals[0]).toHaveProperty("gap/dpo");
			expect(evals[0]).not.toHaveProperty("orpo");
		}
	});

	it("strategy orpo is the loss orpo alone", async () => {
		const objective = { preference: { loss: "orpo", beta: 0.1 } } as const;
		const evaluation = { preference: null };
		const alone = await train("orpo", { strategy: { name: "orpo" }, objective: {}, evaluation }, { steps: 3 });
		const loss = await train("orpo", { strategy: { name: "dpo" }, objective }, { steps: 3 });
		expect(await untimedMetrics(alone.output)).toBe(await untimedMetrics(loss.output));
		const config = JSON.parse(await readFile(join(alone.output, "config.json"), "utf8"));
		expect(config.objective.preference).toEqual({ loss: "orpo", beta: 0.1 });
	});
});

describe("what a run reports", () => {
	it("is what its optimum is estimated of", async () => {
		const rest = { strategy: { name: "orpo" }, optima: "estimate" } as const;
		const { output, evals } = await train("orpo", rest, { steps: 3 });
		const alone = JSON.parse(await readFile(join(output, "optima", "preference", "config.json"), "utf8"));
		expect(alone.objective.preference).toMatchObject({ loss: "sigmoid" });
		expect(alone.strategy).toEqual({ name: "dpo" });
		const { heldOut } = JSON.parse(await readFile(join(output, "optima", "preference.json"), "utf8")).value;
		expect(evals[0]!["gap/dpo"]).toBeCloseTo(evals[0]!.dpo! - heldOut.loss, 10);
	});
});

describe("kto", () => {
	it("starts at half of each weight, with a KL term of 0", async () => {
		const preference = { loss: "kto", desirableWeight: 2, undesirableWeight: 0.5 } as const;
		const { steps } = await train("kto", { objective: { preference } }, { steps: 1, batch: { preference: 11 } });
		// 7 desirable and 4 undesirable rows.
		expect(steps[0]!.loss).toBeCloseTo((7 * 1 + 4 * 0.25) / 11, 6);
		expect(steps[0]!.kl).toBeCloseTo(0, 5);
	});

	it("reports TRL's metrics", async () => {
		const { steps } = await train("kto", {}, { steps: 4, batch: { preference: 11 } });
		const last = steps[3]!;
		const names = ["kl", "logps/chosen", "logps/rejected", "rewards/chosen", "rewards/margins", "rewards/rejected"];
		expect(Object.keys(last)).toEqual(expect.arrayContaining(names));
		expect(last["rewards/margins"]).toBeCloseTo(last["rewards/chosen"]! - last["rewards/rejected"]!, 12);
	});

	it("takes pairs as a desirable and an undesirable example each", async () => {
		const { steps, events } = await train("kto", { data: dataFor("sigmoid") }, { steps: 2, batch: { preference: 22 } });
		expect(events.find(({ event }) => event === "start")).toMatchObject({ rows: { preference: 22 } });
		expect(steps[0]!.loss).toBeCloseTo(0.5, 6);
		expect(steps[1]!["rewards/margins"]).toBeGreaterThan(0);
	});

	it("trains every parameter against the reference scored ahead", async () => {
		const { steps } = await train("kto", { adapter: { type: "none" } }, { steps: 4, optimizer: { lr: 1e-4 } });
		expect(steps[0]!.loss).toBeCloseTo(0.5, 6);
		expect(steps[3]!.loss).toBeLessThan(0.5);
	});

	it("compares with a reference of its own, scored ahead", async () => {
		const rest = { reference: { path: tinyModel }, optima: { preference: 0, sft: 0 } };
		const { steps, events } = await train("kto", rest, { steps: 2 });
		expect(events.some((event) => event.event === "progress" && event.phase === "reference log-probs")).toBe(true);
		expect(steps[0]!.loss).toBeCloseTo(0.5, 5);
		expect(steps[1]!.loss).not.toBe(steps[0]!.loss);
	});

	it("is refused data of another kind, and pair losses labelled rows", async () => {
		const sft = { preference: { path: join(work.folder, "sft.jsonl") } };
		await expect(train("kto", { data: sft, evaluation: {} })).rejects.toMatchObject({
			code: "DATA",
			message: expect.stringContaining("needs single answers with a label"),
		});
		await expect(train("ipo", { data: dataFor("kto") })).rejects.toMatchObject({
			code: "DATA",
			message: expect.stringMatching(/single answers with a label.*needs pairs/),
		});
	});

	it("scores its rows with their labels", async () => {
		const objective = { preference: { loss: "kto" } } as const;
		const data = { preference: dataFor("kto").preference };
		const rows: object[] = [];
		const config = work.config({ objective, data, strategy: { name: "dpo" }, evaluation: {} });
		for await (const row of score(config, { env: work.env })) rows.push(row);
		expect(rows).toHaveLength(11);
		expect(rows[1]).toEqual({
			index: 1,
			label: false,
			logp: expect.any(Number),
			tokens_prompt: expect.any(Number),
			tokens_response: expect.any(Number),
		});
	});
});
