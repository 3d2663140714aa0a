import { expect, it } from "vitest";
import { spread } from "../../lib/eval/spread.js";

it("is mean and sample standard deviation", () => {
	expect(spread([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3) });
	expect(spread([7])).toEqual({ mean: 7, deviation: null });
	expect(spread([])).toBeNull();
});
