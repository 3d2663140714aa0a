import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findStrategy, stepsOfEpochs, strategies } from "../../lib/strategies/index.js";
import { mix } from "../../lib/strategies/mix.js";
import { strategyContext } from "./context.js";

const folder = new URL("../../lib/strategies/", import.meta.url);

describe("the strategy registry", () => {
	it("lists every strategy file under its own name", async () => {
		const found: string[] = [];
		for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "index.ts")) {
			const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
			for (const value of Object.values(module)) {
				if (typeof value === "object" && value !== null && "create" in value) {
					expect(strategies).toContain(value);
					expect(file).toBe(`${(value as unknown as { name: string }).name}.ts`);
					found.push(file);
				}
			}
		}
		expect(found.length).toBe(strategies.length);
	});

	it("names the strategies there are when one is unknown", () => {
		expect(() => findStrategy("alrigth")).toThrow(expect.objectContaining({ code: "CONFIG" }));
		try {
			findStrategy("alrigth");
		} catch (error) {
			expect((error as { hint: string }).hint).toContain("alright");
		}
	});
});

describe.each(strategies.map((factory) => [factory.name, factory] as const))("%s", (name, factory) => {
	it("refuses to start without rows for an objective it trains", () => {
		for (const objective of factory.objectives) {
			const rows = { preference: 40, sft: 160, [objective]: 0 };
			const create = () => factory.create(strategyContext({ rows }));
			expect(create).toThrow(expect.objectContaining({ code: "CONFIG" }));
			expect(create).toThrow(new RegExp(`strategy ${name} trains the ${objective} objective`));
		}
	});

	it("trains only the objectives it declares, with weights that add up to 1", () => {
		const strategy = factory.create(strategyContext({ lambda: 0.3 }));
		for (let step = 1; step <= 100; step++) {
			const asked = Object.fromEntries((strategy.plan(step).evaluate ?? []).map(({ objective }) => [objective, 1]));
			const { train } = strategy.choose(step, asked);
			expect(train.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
			for (const { objective } of train) expect(strategy.objectives).toContain(objective);
			strategy.observe(step, Object.fromEntries(train.map(({ objective }) => [objective, 1 / step])));
		}
	});

	it("keeps its state as plain JSON", () => {
		const strategy = factory.create(strategyContext());
		strategy.choose(1, { preference: 1, sft: 2 });
		const state = strategy.state();
		expect(JSON.parse(JSON.stringify(state))).toEqual(state);
		const other = factory.create(strategyContext());
		other.restore(state);
		expect(other.state()).toEqual(state);
	});
});

describe.each(["mix", "alright", "maxright"])("λ of %s", (name) => {
	it.each([-0.1, 1.1, Number.NaN, undefined])("refuses %s", (lambda) => {
		const create = () => findStrategy(name).create(strategyContext({ lambda: lambda as number }));
		expect(create).toThrow(expect.objectContaining({ code: "CONFIG" }));
		expect(create).toThrow(/strategy.lambda/);
	});
});

describe("mix", () => {
	it("weighs preference with λ and SFT with 1 − λ", () => {
		expect(mix.create(strategyContext({ lambda: 0.25 })).choose(1, {}).train).toEqual([
			{ objective: "preference", weight: 0.25 },
			{ objective: "sft", weight: 0.75 },
		]);
	});
});

describe("steps of an epoch", () => {
	const rows = { preference: 10, sft: 100 };
	const batch = { preference: 4, sft: 16 };
	it.each([
		["sft", 7],
		["dpo", 3],
		["mix", 7],
		["sequential", 10],
		["alright", 10],
		["maxright", 10],
	])("%s takes %i", (name, expected) => {
		expect(stepsOfEpochs(findStrategy(name), 1, rows, batch)).toBe(expected);
	});

	it("rounds fractions up to whole batches", () => {
		expect(stepsOfEpochs(findStrategy("sft"), 0.5, rows, batch)).toBe(4);
		expect(stepsOfEpochs(findStrategy("sft"), 2, rows, batch)).toBe(13);
	});
});
