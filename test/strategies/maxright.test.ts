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
	// Derived by hand from Algorithm 3 with λ = ½ and losses (10, 8); k = 10 has ties at steps 5 and 8, taken by SFT.
	it.each([
		[1, "PSPSPSPSPSPS"],
		[3, "PPSSSPPPSSSP"],
		[10, "PPSSSPPSPSSP"],
	])("follows Algorithm 3 with k = %i", (every, expected) => {
		expect(letters(drive(create(every), 1, 12, conflictingWorld(10, 8)))).toBe(expected);
	});

	it("evaluates both at step 1 and at multiples of k only", () => {
		const strategy = create(4);
		const evaluated = Array.from({ length: 9 }, (_, index) => index + 1).filter((step) => strategy.plan(step).evaluate);
		expect(evaluated).toEqual([1, 4, 8]);
		expect(strategy.plan(1).evaluate).toEqual(["preference", "sft"]);
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
		expect(() => create(10).restore({ losses: { sft: "low" } })).toThrow(/saved state of strategy maxright/);
	});

	it.each([0, -1, 2.5, "10"])("refuses evaluateEvery %j", (evaluateEvery) => {
		const make = () => maxright.create(strategyContext({ options: { evaluateEvery } }));
		expect(make).toThrow(expect.objectContaining({ code: "CONFIG" }));
		expect(make).toThrow(/strategy.evaluateEvery/);
	});
});
