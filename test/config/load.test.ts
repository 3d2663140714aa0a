import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../../lib/config/load.js";
import { resolveConfig } from "../../lib/config/resolve.js";

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-config-"));
	for (const name of ["pairs.jsonl", "sft.jsonl", "heldout.jsonl"]) writeFileSync(join(folder, name), "{}\n");
	mkdirSync(join(folder, "hh"));
	for (const name of ["train.jsonl.gz", "test.json"]) writeFileSync(join(folder, "hh", name), "");
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(value: unknown): string {
	const path = join(folder, "first.json");
	writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
	return path;
}

const base = { model: { path: "m" }, data: { sft: { path: "sft.jsonl" } }, strategy: { name: "sft" } };

test("data paths are taken beside the config file, the model's name stays when no such folder exists", async () => {
	const config = await loadConfig(write(base));
	expect(config.data.sft?.path).toBe(join(folder, "sft.jsonl"));
	expect(config.model.path).toBe("m");
	expect(config.output).toBe(join("runs", "first"));
	mkdirSync(join(folder, "m"));
	expect((await loadConfig(write(base))).model.path).toBe(join(folder, "m"));
});

test("paths that are not beside the config file are relative to the current folder", async () => {
	const config = await loadConfig(write({ ...base, data: { sft: { path: "package.json" } } }));
	expect(config.data.sft?.path).toBe(resolve("package.json"));
});

test("a folder gives its splits, and evaluation inherits path and format", async () => {
	const sft = { path: "hh", format: "alpaca", evaluation: { limit: 5 } };
	const config = await loadConfig(write({ ...base, data: { sft } }));
	expect(config.data.sft).toMatchObject({ path: join(folder, "hh", "train.jsonl.gz"), split: "train" });
	const heldOut = { path: join(folder, "hh", "test.json"), split: "test", format: "alpaca", limit: 5 };
	expect(config.data.sft?.evaluation).toEqual(heldOut);
	expect(await resolveConfig(config, "again", folder)).toEqual(config);
});

describe("what is wrong with a path is said", () => {
	test.each([
		[{ path: "none.jsonl" }, "data.sft.path: no such file or folder"],
		[{ path: "hh", split: "dev" }, "data.sft: no dev.jsonl (or .json, .gz)"],
		[{ path: "sft.jsonl", split: "dev" }, 'data.sft.split is "dev", but'],
		[{ path: "sft.jsonl", evaluation: {} }, "data.sft.evaluation is the same file as the training data"],
		[{ path: "sft.jsonl", evaluation: { path: "gone.jsonl" } }, "data.sft.evaluation.path: no such file or folder"],
	])("%j", async (sft, expected) => {
		await expect(loadConfig(write({ ...base, data: { sft } }))).rejects.toThrow(expected);
	});
});

test("--set reaches every key; values are JSON, else strings", async () => {
	const set = [
		"train.steps=5",
		"train.optimizer.lr=1e-4",
		'adapter={"type":"none"}',
		"data.sft.path=heldout.jsonl",
		"model.path=12x",
	];
	const config = await loadConfig(write(base), { set, output: "out" });
	expect(config.train).toMatchObject({ steps: 5, optimizer: { lr: 1e-4 } });
	expect(config.adapter).toEqual({ type: "none" });
	expect(config.data.sft?.path).toBe(join(folder, "heldout.jsonl"));
	expect(config).toMatchObject({ model: { path: "12x" }, output: "out" });
});

test.each([
	["train.steps", "expected key=value"],
	["=3", "expected key=value"],
	["train..steps=1", '"" is not a key'],
	["__proto__.x=1", '"__proto__" is not a key'],
	["train.__proto__.x=1", '"__proto__" is not a key'],
	["model.path.x=1", "model.path is not a section"],
])("--set %s is bad usage", async (set, expected) => {
	const attempt = loadConfig(write({ ...base, train: {} }), { set: [set] });
	await expect(attempt).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(expected) });
	expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test("an unknown key in --set is found like one in the file", async () => {
	await expect(loadConfig(write(base), { set: ["train.stpes=3"] })).rejects.toThrow("did you mean train.steps?");
	await expect(loadConfig(write(base), { set: ["constructor.prototype.x=3"] })).rejects.toThrow(
		"unknown key constructor",
	);
});

test("files that cannot be read or parsed are named", async () => {
	await expect(loadConfig(join(folder, "none.json"))).rejects.toThrow(/none\.json: no such file/);
	await expect(loadConfig(folder)).rejects.toThrow("is a folder");
	await expect(loadConfig(write('{"model": {"path": "m",}}'))).rejects.toThrow(/first\.json:1:24: a comma before/);
	await expect(loadConfig(write("[]"))).rejects.toThrow("a configuration is a JSON object");
});

describe("adapter.init", () => {
	const peft = { peft_type: "LORA", r: 8, lora_alpha: 32, target_modules: ["v_proj", "q_proj"] };

	function adapter(init: object, written: object) {
		mkdirSync(join(folder, "peft"), { recursive: true });
		writeFileSync(join(folder, "peft", "adapter_config.json"), JSON.stringify(init));
		return loadConfig(write({ ...base, adapter: { init: "peft", ...written } }));
	}

	test("lends rank, alpha and targets; equal values may be repeated", async () => {
		const { adapter: found } = await adapter(peft, { rank: 8, targets: ["q_proj", "v_proj"] });
		const own = { rank: 8, alpha: 32, rsLora: false, targets: ["v_proj", "q_proj"], dropout: 0 };
		expect(found).toEqual({ type: "lora", init: join(folder, "peft"), ...own });
	});

	test.each([
		[peft, { rank: 16 }, /adapter\.rank is 16, but .* has r 8/],
		[{ ...peft, peft_type: "IA3" }, {}, /does not describe a LoRA adapter/],
		[{ ...peft, r: undefined }, {}, /r is missing/],
		[{ ...peft, r: -1 }, {}, /rank/],
		[{ ...peft, target_modules: ".*" }, {}, /targets/],
	])("%j with %j", async (init, written, expected) => {
		await expect(adapter(init, written)).rejects.toThrow(expected);
	});

	test("a folder without an adapter is named", async () => {
		await expect(loadConfig(write({ ...base, adapter: { init: "hh" } }))).rejects.toThrow(
			/adapter_config\.json: no such file/,
		);
	});
});
