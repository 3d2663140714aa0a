import { describe, expect, it } from "vitest";
import type { Objective } from "../../lib/data/types.js";
import { sequential } from "../../lib/strategies/sequential.js";
import type { StrategyContext } from "../../lib/strategies/types.js";
import { strategyContext } from "./context.js";

function trace(overrides: Partial<StrategyContext>) {
	const context = strategyContext(overrides);
	const strategy = sequential.create(context);
	const steps = Array.from({ length: context.steps }, (_, index) => index + 1);
	return {
		order: steps.map((step) => strategy.choose(step, {}).train[0]?.objective as Objective),
		boundaries: steps.filter((step) => strategy.startsStage?.(step)),
		stages: steps.map((step) => strategy.stageObjectives?.(step)),
	};
}

const counts = (order: Objective[]) => order.map((objective) => objective[0]).join("");

describe("sequential", () => {
	it("trains SFT first by default and moves the reference at the boundary", () => {
		const { order, boundaries, stages } = trace({ steps: 5 });
		expect(counts(order)).toBe("ssspp");
		expect(boundaries).toEqual([4]);
		expect(stages).toEqual([["sft"], ["sft"], ["sft"], ["preference"], ["preference"]]);
	});

	it("keeps the reference of the start when the preference stage comes first", () => {
		const { order, boundaries } = trace({ steps: 4, options: { order: ["preference", "sft"] } });
		expect(counts(order)).toBe("ppss");
		expect(boundaries).toEqual([]);
	});

	it("takes stage lengths from strategy.steps", () => {
		const options = { order: ["preference", "sft"], steps: { preference: 1, sft: 4 } };
		expect(counts(trace({ steps: 5, options }).order)).toBe("pssss");
	});

	it("passes each data set `epochs` times when the run is measured in epochs", () => {
		const rows = { preference: 9, sft: 16 };
		const batch = { preference: 4, sft: 8 };
		expect(counts(trace({ steps: 9, epochs: 2, rows, batch }).order)).toBe("ssssppppp");
	});

	it("refuses stage lengths that do not add up, and orders that do not name both objectives", () => {
		const create = (overrides: Partial<StrategyContext>) => () => sequential.create(strategyContext(overrides));
		expect(create({ steps: 6, options: { steps: { preference: 1, sft: 4 } } })).toThrow(/add up to 5/);
		expect(create({ steps: 5, options: { steps: { preference: 0, sft: 5 } } })).toThrow(/strategy.steps.preference/);
		expect(create({ options: { order: ["sft", "sft"] } })).toThrow(/strategy.order/);
	});
});
