import { describe, expect, it } from "vitest";
import { alright } from "../../lib/strategies/alright.js";
import { strategyContext } from "./context.js";

function draws(lambda: number, count: number, seed = 42): string[] {
	const strategy = alright.create(strategyContext({ lambda, seed }));
	return Array.from({ length: count }, (_, index) => strategy.choose(index + 1, {}).train[0]?.objective as string);
}

describe("alright", () => {
	it.each([0.01, 0.25, 0.5, 0.75, 0.99])("draws the preference objective with probability λ = %d", (lambda) => {
		const count = 20_000;
		const share = draws(lambda, count).filter((objective) => objective === "preference").length / count;
		// Five standard deviations of a binomial share.
		expect(Math.abs(share - lambda)).toBeLessThan(5 * Math.sqrt((lambda * (1 - lambda)) / count));
	});

	it("never draws an objective of probability 0", () => {
		expect(new Set(draws(0, 500))).toEqual(new Set(["sft"]));
		expect(new Set(draws(1, 500))).toEqual(new Set(["preference"]));
	});

	it("trains one objective with weight 1 and asks for no evaluation", () => {
		const strategy = alright.create(strategyContext());
		expect(strategy.plan(1)).toEqual({});
		expect(strategy.choose(1, {}).train.map(({ weight }) => weight)).toEqual([1]);
	});

	it("draws by the seed alone", () => {
		expect(draws(0.5, 50, 1)).toEqual(draws(0.5, 50, 1));
		expect(draws(0.5, 50, 1)).not.toEqual(draws(0.5, 50, 2));
	});

	it("continues a restored sequence exactly", () => {
		const whole = draws(0.5, 40);
		const first = alright.create(strategyContext());
		for (let step = 1; step <= 17; step++) first.choose(step, {});
		const second = alright.create(strategyContext());
		second.restore(JSON.parse(JSON.stringify(first.state())));
		const tail = Array.from({ length: 23 }, (_, index) => second.choose(18 + index, {}).train[0]?.objective);
		expect(tail).toEqual(whole.slice(17));
	});

	it("refuses a state it did not write", () => {
		const restore = () => alright.create(strategyContext()).restore({ position: -3 });
		expect(restore).toThrow(expect.objectContaining({ code: "CHECKPOINT" }));
	});
});
