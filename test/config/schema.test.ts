import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configKinds, jsonSchemaText } from "../../lib/config/json-schema.js";
import { runConfigSchema } from "../../lib/config/schema.js";
import { allKeys } from "../../lib/config/walk.js";

describe.each(configKinds)("%s", (kind) => {
	const text = jsonSchemaText(kind);

	test(`schema/${kind}.schema.json is current (npm run build:ts && node scripts/schema.mjs)`, () => {
		const file = new URL(`../../schema/${kind}.schema.json`, import.meta.url);
		expect(readFileSync(file, "utf8")).toBe(text);
	});

	test("every key of the configuration is described", () => {
		const missing: string[] = [];
		const visit = (node: Record<string, unknown>, path: string) => {
			for (const [key, child] of Object.entries((node.properties ?? {}) as Record<string, Record<string, unknown>>)) {
				const leaf = child.properties === undefined && child.const === undefined;
				if (leaf && typeof child.description !== "string") missing.push(`${path}${key}`);
				visit(child, `${path}${key}.`);
			}
			const items = node.items as Record<string, unknown> | undefined;
			if (items !== undefined && !Array.isArray(items)) visit(items, `${path}[].`);
			for (const variant of (node.oneOf ?? node.anyOf ?? []) as Record<string, unknown>[]) visit(variant, path);
		};
		visit(JSON.parse(text), "");
		expect(missing).toEqual([]);
	});
});

test("the keys of the contract exist", () => {
	const keys = allKeys(runConfigSchema);
	const contract = `model.path model.dtype adapter.type adapter.rank adapter.alpha adapter.dropout adapter.targets adapter.init
		data.preference.path data.preference.format data.preference.split data.preference.limit data.preference.evaluation
		data.sft.path data.maxLength data.maxBadRows objective.preference.loss objective.preference.beta
		objective.preference.labelSmoothing objective.sft strategy.name strategy.lambda strategy.order strategy.evaluateEvery
		train.steps train.epochs train.batch.preference train.batch.sft train.shuffle train.microBatchTokens
		train.gradientCheckpointing train.optimizer.name train.optimizer.lr train.optimizer.betas train.optimizer.eps
		train.optimizer.weightDecay train.schedule.name train.schedule.warmup train.maxGradNorm optima.preference optima.sft
		reference.path stop.epsilon stop.referenceFront
		evaluation.every checkpoint.every checkpoint.keep seed device output`;
	expect(keys).toEqual(expect.arrayContaining(contract.split(/\s+/)));
});
