import { describe, expect, test } from "vitest";
import { parseConfig } from "../../lib/config/parse.js";
import type { RunConfigInput } from "../../lib/config/schema.js";
import { strategyOptions } from "../../lib/config/strategies/index.js";

const minimal: RunConfigInput = {
	model: { path: "m" },
	data: { preference: { path: "p.jsonl" }, sft: { path: "s.jsonl" } },
};

function message(value: unknown): string {
	try {
		parseConfig(value, "c.json");
	} catch (error) {
		expect(error).toMatchObject({ code: "CONFIG", exitCode: 2 });
		return (error as Error).message;
	}
	throw new Error("accepted");
}

test("a minimal configuration gets every documented default", () => {
	expect(parseConfig({ ...minimal, device: "cpu" }, "some/first.json")).toMatchInlineSnapshot(`
		{
		  "adapter": {
		    "alpha": 16,
		    "dropout": 0,
		    "init": null,
		    "rank": 16,
		    "rsLora": false,
		    "targets": [
		      "q_proj",
		      "v_proj",
		    ],
		    "type": "lora",
		  },
		  "checkpoint": {
		    "every": 200,
		    "keep": 2,
		  },
		  "data": {
		    "maxBadRows": 0.01,
		    "maxLength": 1024,
		    "preference": {
		      "evaluation": null,
		      "format": "auto",
		      "limit": null,
		      "path": "p.jsonl",
		      "split": null,
		      "template": "auto",
		    },
		    "sft": {
		      "evaluation": null,
		      "format": "auto",
		      "limit": null,
		      "path": "s.jsonl",
		      "split": null,
		      "template": "auto",
		    },
		  },
		  "device": "cpu",
		  "evaluation": {
		    "every": 100,
		    "maxNewTokens": 60,
		    "preference": null,
		    "prompts": [],
		  },
		  "model": {
		    "dtype": "bfloat16",
		    "path": "m",
		  },
		  "objective": {
		    "preference": {
		      "beta": 0.1,
		      "labelSmoothing": 0,
		      "lengthNormalised": false,
		      "loss": "sigmoid",
		    },
		    "sft": {},
		  },
		  "optima": {
		    "preference": null,
		    "sft": null,
		  },
		  "output": "runs/first",
		  "reference": null,
		  "seed": 42,
		  "stop": null,
		  "strategy": {
		    "lambda": 0.5,
		    "name": "alright",
		  },
		  "threads": 0,
		  "train": {
		    "batch": {
		      "preference": 4,
		      "sft": 16,
		    },
		    "epochs": null,
		    "gradientCheckpointing": false,
		    "maxGradNorm": 1,
		    "microBatchTokens": 768,
		    "optimizer": {
		      "betas": [
		        0.9,
		        0.95,
		      ],
		      "eps": 1e-8,
		      "lr": 0.00005,
		      "name": "adamw",
		      "weightDecay": 0,
		    },
		    "schedule": {
		      "name": "constant",
		      "warmup": 0,
		    },
		    "shuffle": true,
		    "steps": 1000,
		  },
		}
	`);
});

test("a complete configuration is its own result", () => {
	const config = parseConfig(minimal, "c.json");
	expect(parseConfig(config, "other.json")).toEqual(config);
});

test("sections that choose a variant need not name the default one", () => {
	const config = parseConfig({ ...minimal, adapter: { rank: 4 }, strategy: { lambda: 0.25 } }, "c.json");
	expect(config.adapter).toMatchObject({ type: "lora", rank: 4 });
	expect(config.strategy).toEqual({ name: "alright", lambda: 0.25 });
});

describe("unknown keys say what to write instead", () => {
	test.each([
		[{ per_device_train_batch_size: 4 }, "unknown key per_device_train_batch_size: here it is train.batch"],
		[{ lambd: 0.5 }, "unknown key lambd: here it is strategy.lambda"],
		[{ train: { learning_rate: 1 } }, "unknown key train.learning_rate: here it is train.optimizer.lr"],
		[
			{ train: { schedule: { warmup_ratio: 0.1 } } },
			"unknown key train.schedule.warmup_ratio: here it is train.schedule.warmup",
		],
		[{ adapter: { lora_r: 8 } }, "unknown key adapter.lora_r: here it is adapter.rank"],
		[{ "max-length": 8 }, "unknown key max-length: here it is data.maxLength"],
		[{ ref_model: "x" }, "unknown key ref_model: here it is reference.path"],
		[{ train: { bacth: {} } }, "unknown key train.bacth: did you mean train.batch?"],
		[{ sweep: {} }, "unknown key sweep: a configuration with a sweep is for `xright-native sweep`"],
		[{ stratgey: {} }, "unknown key stratgey: did you mean strategy?"],
		[{ warmup: 3 }, "unknown key warmup: did you mean train.schedule.warmup?"],
		[{ checkpoint: { zzz: 3 } }, "unknown key checkpoint.zzz; known here: every, keep"],
	])("%j", (extra, expected) => {
		expect(message({ ...minimal, ...extra })).toBe(`c.json: ${expected}`);
	});
});

describe("values are checked and named", () => {
	test.each([
		[{ model: {} }, "model.path is missing"],
		[{ data: null }, "data must be an object, not null"],
		[
			{ model: { path: "m", dtype: "float16" } },
			'model.dtype must be one of bfloat16, float32 (did you mean "bfloat16"?), not "float16"',
		],
		[{ strategy: { lambda: 1.5 } }, "strategy.lambda must be at most 1, not 1.5"],
		[
			{ strategy: { name: "orpoo" } },
			'strategy.name must be one of alright, maxright, mix, sequential, sft, dpo, orpo (did you mean "orpo"?), not "orpoo"',
		],
		[
			{ strategy: { name: "sequential", order: ["sft", "sft"] } },
			"strategy.order must name both objectives once, not a list of 2",
		],
		[
			{ objective: { preference: { labelSmoothing: 0.5 } } },
			"objective.preference.labelSmoothing must be less than 0.5, not 0.5",
		],
		[
			{ objective: { preference: { loss: "sigmoidal" } } },
			'objective.preference.loss must be one of sigmoid, robust, ipo, hinge, exo_pair, nca_pair, sppo_hard, apo_zero, apo_down, discopop, orpo, simpo, kto (did you mean "sigmoid"?), not "sigmoidal"',
		],
		[{ train: { batch: { sft: 0 } } }, "train.batch.sft must be at least 1, not 0"],
		[
			{ train: { schedule: { warmup: 1.5 } } },
			"train.schedule.warmup must be a share of the run below 1, or a whole number of steps, not 1.5",
		],
		[{ train: { steps: 2.5 } }, "train.steps must be a whole number, not 2.5"],
		[{ adapter: { targets: "q_proj" } }, 'adapter.targets must be a list of names or "all-linear", not "q_proj"'],
		[{ optima: "guess" }, 'optima must be "estimate" or an object, not "guess"'],
		[{ reference: "orpo" }, 'reference must be one of sft-on-chosen, sft or an object, not "orpo"'],
		[{ reference: { train: "dpo" } }, 'reference.train must be one of sft-on-chosen, sft, not "dpo"'],
		[{ reference: { path: "m", step: 1 } }, "unknown key reference.step: did you mean reference.steps?"],
		[{ reference: { train: "sft", lr: 0 } }, "reference.lr must be more than 0, not 0"],
		[{ stop: { epsilon: -1 } }, "stop.epsilon must be at least 0, not -1"],
		[{ device: "gpu" }, 'device must be "auto", "cpu", "cuda" or "cuda:N", not "gpu"'],
		[{ seed: -1 }, "seed must be at least 0, not -1"],
	])("%j", (extra, expected) => {
		expect(message({ ...minimal, ...extra })).toBe(`c.json: ${expected}`);
	});
});

describe("keys are checked together", () => {
	const { preference, sft } = minimal.data;
	test.each([
		[{ data: { preference } }, 'data.sft is missing: strategy "alright" trains on prompts with the answer to learn'],
		[
			{ data: { sft }, strategy: { name: "dpo" } },
			'data.preference is missing: strategy "dpo" trains on pairs of a preferred and a rejected answer',
		],
		[{ adapter: { type: "none", rank: 8 } }, 'adapter.rank has no effect with adapter.type "none"; remove it'],
		[{ strategy: { name: "dpo", lambda: 0.5 } }, 'strategy.lambda has no effect with strategy.name "dpo"; remove it'],
		[
			{ strategy: { name: "mix", evaluateEvery: 5 } },
			'strategy.evaluateEvery has no effect with strategy.name "mix"; remove it',
		],
		[{ train: { steps: 5, epochs: 1 } }, "train.steps and train.epochs exclude each other; give one"],
		[
			{ train: { steps: 5, schedule: { warmup: 6 } } },
			"train.schedule.warmup is 6 steps, more than the 5 steps of the run",
		],
		[
			{ train: { steps: 9 }, strategy: { name: "sequential", steps: { preference: 5, sft: 5 } } },
			"train.steps is 9, but the stages of strategy.steps add up to 10; leave train.steps out",
		],
		[
			{ data: { preference }, strategy: { name: "dpo" }, reference: "sft" },
			"data.sft is missing: the reference is trained on prompts with the answer to learn",
		],
		[
			{ objective: { preference: { loss: "simpo" } }, reference: { path: "m" } },
			'reference has no effect with objective.preference.loss "simpo", which compares with none',
		],
		[
			{
				strategy: { name: "maxright" },
				optima: "estimate",
				evaluation: { preference: { loss: "ipo" } },
				data: { sft, preference: { ...preference, evaluation: { path: "t.jsonl" } } },
			},
			'optima "estimate" finds the optimum of evaluation.preference, but strategy "maxright" compares with that of objective.preference; give numbers, or leave evaluation.preference out',
		],
		[
			{ data: { sft }, strategy: { name: "sft" }, reference: { path: "m" } },
			"reference has no effect without data.preference",
		],
		[
			{ reference: { train: "sft", steps: 2, epochs: 1 } },
			"reference.steps and reference.epochs exclude each other; give one",
		],
		[
			{ strategy: { name: "maxright" }, optima: { sft: 0 } },
			'optima.preference is missing: strategy "maxright" compares with it; write "optima": "estimate", or numbers (0 is one)',
		],
		[
			{ optima: { sft: 1 }, stop: {}, data: { sft, preference: { ...preference, evaluation: { path: "t.jsonl" } } } },
			"data.sft.evaluation is missing: stop looks at held-out losses",
		],
		[
			{
				stop: {},
				data: {
					sft: { ...sft, evaluation: { path: "t.jsonl" } },
					preference: { ...preference, evaluation: { path: "t.jsonl" } },
				},
			},
			'stop has nothing to compare with: give optima (numbers or "estimate") or stop.referenceFront',
		],
		[{ evaluation: { maxNewTokens: 9 } }, "evaluation.maxNewTokens has no effect without evaluation.prompts"],
		[{ evaluation: { every: 9 } }, "evaluation.every has no effect: no data set has an evaluation"],
	])("%j", (extra, expected) => {
		expect(message({ ...minimal, ...extra })).toBe(`c.json: ${expected}`);
	});
});

test("every problem is listed, one a line", () => {
	expect(message({ ...minimal, lambd: 1, seed: "x" })).toBe(
		'c.json:\n  seed must be a number, not "x"\n  unknown key lambd: here it is strategy.lambda',
	);
});

test("steps: given, from the stages, from epochs, or 1000", () => {
	const steps = (extra: object) => parseConfig({ ...minimal, ...extra }, "c.json").train.steps;
	expect(steps({})).toBe(1000);
	expect(steps({ train: { steps: 7 } })).toBe(7);
	expect(steps({ train: { epochs: 0.5 } })).toBeNull();
	expect(steps({ strategy: { name: "sequential", steps: { preference: 3, sft: 4 } } })).toBe(7);
});

test.each(strategyOptions.map(({ name }) => name))("strategy %s works with its defaults", (name) => {
	const optima = { preference: 0, sft: 0 };
	expect(parseConfig({ ...minimal, optima, strategy: { name } }, "c.json").strategy.name).toBe(name);
});

test.each([[null], [[]], ["x"], [3], [undefined]])("%j is not a configuration", (value) => {
	expect(message(value)).toBe("c.json: a configuration is a JSON object");
});

test("prototype keys stay keys", () => {
	const hostile = JSON.parse(
		'{"model": {"path": "m"}, "data": {}, "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
	);
	expect(message(hostile)).toContain("unknown key constructor");
	expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
