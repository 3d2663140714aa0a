import { expect, test } from "vitest";
import { compareMarkdown, compareResults } from "../../lib/bench/compare.js";
import { measurement, result } from "./results.js";

const of = (rates: number[]) =>
	result(
		"sft",
		rates.map((rate) => ({ a: measurement(rate), b: measurement(1) })),
	);

test("changes are relative to the old medians, with the noise of both", () => {
	const rows = compareResults([of([9.9, 10, 10.1])], [of([11.9, 12, 12.1])]);
	const speed = rows.find(({ contender, quantity }) => contender === "a" && quantity === "rows/s")!;
	expect(speed.change.change).toBeCloseTo(0.2, 10);
	expect(speed.change.noise).toBeGreaterThan(0);
	expect(speed.change.noise).toBeLessThan(0.05);
	const text = compareMarkdown(rows).split("\n");
	expect(text[2]).toBe("| sft | a | rows/s | +20.0 % ± 2.7 % |  |");
	expect(text.find((line) => line.includes("| b | rows/s |"))).toContain("0.0 % ± 0.0 % | within noise");
});

test("only what both have is compared", () => {
	const old = [result("dpo", [{ a: measurement(1) }]), result("sft", [{ a: measurement(1) }])];
	const now = [result("sft", [{ a: measurement(2), c: measurement(3) }])];
	expect(compareResults(old, now).map(({ trial, contender }) => `${trial} ${contender}`)).toEqual(
		Array(3).fill("sft a"),
	);
});
