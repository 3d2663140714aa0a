import { expect, test } from "vitest";
import { parseConfig } from "../../../lib/config/parse.js";
import { resultKey } from "../../../lib/train/checkpoint/identity.js";

const input = {
	model: { path: "m" },
	data: { preference: { path: "p.jsonl", evaluation: { path: "q.jsonl" } }, sft: { path: "s.jsonl" } },
};
const identity = {
	config: parseConfig(input, "c.json"),
	model: "weights",
	data: { sft: "rows", preference: "pairs" },
	reference: null,
};
const key = resultKey(identity);

test("where things lie does not change the key of a result, nor does the order of keys", () => {
	const config = structuredClone(identity.config);
	config.output = "elsewhere";
	config.model.path = "/moved/m";
	config.data.sft!.path = "/moved/s.jsonl";
	config.data.preference!.evaluation!.path = "/moved/q.jsonl";
	const reordered = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
	expect(resultKey({ ...identity, config: reordered, data: { preference: "pairs", sft: "rows" } })).toBe(key);
	expect(key).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
	["a setting", { ...identity, config: { ...identity.config, seed: 7 } }],
	[
		"a nested setting",
		{ ...identity, config: { ...identity.config, evaluation: { ...identity.config.evaluation, every: 7 } } },
	],
	["the model", { ...identity, model: "other" }],
	["the reference", { ...identity, reference: "other" }],
	["the rows", { ...identity, data: { ...identity.data, sft: "other" } }],
	["rows that are not there", { ...identity, data: { sft: "rows" } }],
])("%s does", (_, other) => {
	expect(resultKey(other)).not.toBe(key);
});
