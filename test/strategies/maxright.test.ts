import { describe, expect, it } from "vitest";
import { maxright } from "../../lib/strategies/maxright.js";
import { conflictingWorld, drive, strategyContext } from "./context.js";

function letters(trained: string[][]): string {
	return trained.map(([objective]) => (objective === "preference" ? "P" : "S")).join("");
}

function create(evaluateEvery: number, overrides = {}) {
	return maxright.create(strategyContext({ options: { evaluateEvery }, ...overrides }));
}

describe("maxright", () => {
	// Derived by hand with λ = ½ and losses (10, 8); k = 10 has ties at steps 5 and 8, taken by SFT.
	it.each([
		[1, "PSPSPSPSPSPS"],
		[3, "PPSSSPPPSSSP"],
		[10, "PPSSSPPSPSPS"],
	])("goes by the newest losses known with k = %i", (every, expected) => {
		expect(letters(drive(create(every), 1, 12, conflictingWorld(10, 8)))).toBe(expected);
	});

	it("measures both at step 1, then only what is k steps old", () => {
		const strategy = create(4);
		const preferenceWins = { losses: { preference: 9, sft: 1 }, train: () => {} };
		const plans = Array.from({ length: 9 }, (_, index) => {
			const plan = strategy.plan(index + 1).evaluate;
			drive(strategy, index + 1, index + 1, preferenceWins);
			return plan;
		});
		const sft = (ahead: number) => [{ objective: "sft", ahead }];
		const both = [{ objective: "preference", ahead: 0 }, ...sft(0)];
		expect(plans).toEqual([both, ...[2, 3, 4].map(() => undefined), sft(1), ...[6, 7, 8].map(() => undefined), sft(2)]);
	});

	it("starts again at the next batch once the objective was trained", () => {
		const strategy = create(1);
		const world = { losses: { preference: 9, sft: 1 }, train: () => {} };
		drive(strategy, 1, 3, world);
		expect(strategy.plan(4).evaluate).toEqual([
			{ objective: "preference", ahead: 0 },
			{ objective: "sft", ahead: 3 },
		]);
		world.losses.sft = 20;
		drive(strategy, 4, 4, world);
		expect(strategy.plan(5).evaluate).toEqual([
			{ objective: "preference", ahead: 1 },
			{ objective: "sft", ahead: 0 },
		]);
	});

	it("weighs gaps with λ and subtracts the optima", () => {
		const losses = { preference: 2, sft: 3 };
		const choose = (lambda: number, optima = { preference: 0, sft: 0 }) =>
			create(1, { lambda, optima }).choose(1, losses).train[0]?.objective;
		expect(choose(0.5)).toBe("sft");
		expect(choose(0.7)).toBe("preference");
		expect(choose(0.5, { preference: 0, sft: 2 })).toBe("preference");
		expect(choose(0.5, { preference: 1, sft: 2 })).toBe("sft");
	});

	it("continues a restored trace exactly", () => {
		const whole = letters(drive(create(10), 1, 12, conflictingWorld(10, 8)));
		const world = conflictingWorld(10, 8);
		const before = create(10);
		const head = letters(drive(before, 1, 4, world));
		const after = create(10);
		after.restore(JSON.parse(JSON.stringify(before.state())));
		expect(head + letters(drive(after, 5, 12, world))).toBe(whole);
	});

	it("refuses a state it did not write", () => {
		expect(() => create(10).restore({})).toThrow(expect.objectContaining({ code: "CHECKPOINT" }));
		expect(() => create(10).restore({ known: { sft: { loss: "low", step: 1, measured: 0 } } })).toThrow(
			/saved state of strategy maxright/,
		);
	});

	it.each([0, -1, 2.5, "10"])("refuses evaluateEvery %j", (evaluateEvery) => {
		const make = () => maxright.create(strategyContext({ options: { evaluateEvery } }));
		expect(make).toThrow(expect.objectContaining({ code: "CONFIG" }));
		expect(make).toThrow(/strategy.evaluateEvery/);
	});
});
