import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../lib/config/schema.js";
import { run } from "../../lib/train/run.js";
import { createWorkspace, metricRows, type Workspace } from "./workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

async function rowsOf(name: string, rest: Partial<RunConfigInput>, train: RunConfigInput["train"] = {}) {
	const output = join(work.folder, name);
	await run(work.config({ ...rest, output }, train), { env: work.env }).result;
	return metricRows(output);
}

const steps = (rows: Record<string, unknown>[]) => rows.filter(({ event }) => event === "step");
const noDropout = { adapter: { type: "lora", rank: 4, alpha: 8 } } as const;

describe("the numbers of a run", () => {
	it("start at ln 2 for DPO, to the last bit of a mean", async () => {
		const [first] = steps(await rowsOf("dpo", { ...noDropout, strategy: { name: "dpo" } }, { steps: 1 }));
		expect(first?.loss).toBeCloseTo(Math.LN2, 15);
		expect(first).toMatchObject({ "rewards/chosen": 0, "rewards/rejected": 0, "rewards/margins": 0 });
	});

	it("start at ln 2 for the preference stage after SFT, whose result is its reference", async () => {
		const strategy = { name: "sequential", order: ["sft", "preference"] } as const;
		const rows = await rowsOf("sequential", { ...noDropout, strategy: { ...strategy, order: [...strategy.order] } });
		const dpo = steps(rows).filter(({ objective }) => objective === "dpo");
		expect(dpo[0]?.step).toBe(7);
		expect(dpo[0]?.loss).toBeCloseTo(Math.LN2, 15);
	});

	it("do not depend on the split into micro-batches, dropout included", async () => {
		const strategy = { name: "mix", lambda: 0.4 } as const;
		const small = await rowsOf("small", { strategy }, { microBatchTokens: 1, steps: 5 });
		const large = await rowsOf("large", { strategy }, { microBatchTokens: 100_000, steps: 5 });
		expect(small.length).toBe(large.length);
		for (const [index, row] of small.entries()) {
			for (const [name, value] of Object.entries(row)) {
				if (typeof value !== "number" || name === "seconds") continue;
				const other = large[index]?.[name] as number;
				expect([name, Math.abs(value - other) <= 1e-4 * (1 + Math.abs(other))]).toEqual([name, true]);
			}
		}
	});

	it("of mix are λ times one loss and 1 − λ times the other", async () => {
		for (const row of steps(await rowsOf("mix", { strategy: { name: "mix", lambda: 0.3 } }, { steps: 3 }))) {
			expect(row.objective).toBe("mix");
			expect(row.loss).toBeCloseTo(0.3 * (row["loss/dpo"] as number) + 0.7 * (row["loss/sft"] as number), 12);
		}
	});

	it("are the same for mix at the ends of λ as for one objective alone", async () => {
		const rest = { ...noDropout };
		const mixed = steps(await rowsOf("mix", { ...rest, strategy: { name: "mix", lambda: 0 } }, { steps: 4 }));
		const alone = steps(await rowsOf("sft", { ...rest, strategy: { name: "sft" } }, { steps: 4 }));
		for (const [index, row] of alone.entries()) {
			expect(mixed[index]?.loss).toBeCloseTo(row.loss as number, 5);
			expect(mixed[index]?.grad_norm).toBeCloseTo(row.grad_norm as number, 4);
		}
	});

	it("of full-parameter training use the reference scored ahead", async () => {
		const rest = { adapter: { type: "none" }, strategy: { name: "dpo" } } as const;
		const rows = steps(await rowsOf("full", rest, { steps: 4, optimizer: { lr: 1e-4 } }));
		expect(rows[0]?.loss).toBeCloseTo(Math.LN2, 15);
		expect(rows[3]?.loss).toBeLessThan(Math.LN2);
	});

	it("follow the schedule", async () => {
		const schedule = { name: "linear", warmup: 2 } as const;
		const train = { steps: 6, schedule, optimizer: { lr: 1e-3 } };
		const rates = steps(await rowsOf("schedule", { strategy: { name: "sft" } }, train)).map((row) => row.learning_rate);
		expect(rates).toEqual([0, 5e-4, 1e-3, 7.5e-4, 5e-4, 2.5e-4]);
	});

	it("cover each row once an epoch", async () => {
		const train = { steps: null, epochs: 1 };
		expect(steps(await rowsOf("epoch", { strategy: { name: "sft" } }, train))).toHaveLength(5);
	});
});
