import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lossOptions } from "../../lib/config/losses/index.js";
import { parseConfig } from "../../lib/config/parse.js";

const minimal = { model: { path: "m" }, data: { preference: { path: "p.jsonl" }, sft: { path: "s.jsonl" } } };

test("every loss file is listed, under its own name", () => {
	const helpers = ["index.ts", "keys.ts", "types.ts"];
	const files = readdirSync(new URL("../../lib/config/losses", import.meta.url)).filter(
		(file) => !helpers.includes(file),
	);
	const names = lossOptions.map(({ schema }) => schema.shape.loss.value);
	expect(names.map((name) => `${name.replaceAll("_", "-")}.ts`).sort()).toEqual(files.sort());
});

describe("mistakes are named", () => {
	test.each([
		[{ loss_type: "ipo" }, "unknown key loss_type: here it is objective.preference.loss"],
		[{ simpo_gamma: 1 }, "unknown key simpo_gamma: here it is objective.preference.gamma (loss simpo)"],
		[
			{ desirable_weight: 1 },
			"unknown key desirable_weight: here it is objective.preference.desirableWeight (loss kto)",
		],
		[{ discopop_tau: 1 }, "unknown key discopop_tau: here it is objective.preference.temperature (loss discopop)"],
		[
			{ rpo_alpha: 1 },
			"unknown key rpo_alpha: for a likelihood term on the chosen responses use strategy mix or loss orpo",
		],
		[
			{ cpo_alpha: 1 },
			"unknown key cpo_alpha: SimPO is trained without CPO's likelihood term; use strategy mix for one",
		],
		[
			{ objective: { preference: { loss: "simpo", gama: 1 } } },
			"unknown key objective.preference.gama: did you mean objective.preference.gamma?",
		],
		[
			{ objective: { preference: { loss: "hinge", labelSmoothing: 0.1 } } },
			'objective.preference.labelSmoothing has no effect with objective.preference.loss "hinge"; remove it',
		],
		[
			{ objective: { preference: { loss: "orpo", lengthNormalised: false } } },
			'objective.preference.lengthNormalised has no effect with objective.preference.loss "orpo"; remove it',
		],
		[
			{ objective: { preference: { gamma: 1 } } },
			'objective.preference.gamma has no effect with objective.preference.loss "sigmoid"; remove it',
		],
		[
			{ objective: { preference: { loss: "exo_pair", labelSmoothing: 0 } } },
			"objective.preference.labelSmoothing must be more than 0, not 0",
		],
		[
			{ reference: { path: "r" }, objective: { preference: { loss: "simpo" } } },
			'reference has no effect with objective.preference.loss "simpo", which compares with none',
		],
		[
			{
				data: { ...minimal.data, preference: { path: "p.jsonl", evaluation: { path: "q.jsonl" } } },
				strategy: { name: "maxright" },
				optima: "estimate",
				evaluation: { preference: { loss: "ipo" } },
			},
			'optima "estimate" finds the optimum of evaluation.preference, but strategy "maxright" compares with that of objective.preference',
		],
		[
			{ strategy: { name: "orpo" }, objective: { preference: { loss: "ipo" } } },
			'objective.preference.loss is "ipo", but strategy "orpo" trains with "orpo"; leave it out, or use strategy "dpo"',
		],
		[
			{ evaluation: { preference: { loss: "sigmoid" } } },
			"evaluation.preference has no effect: data.preference has no evaluation",
		],
		[{ evaluation: { preference: { beta: 1 } } }, "evaluation.preference.loss is missing"],
	])("%j", (extra, expected) => {
		expect(() => parseConfig({ ...minimal, ...extra }, "c.json")).toThrow(`c.json: ${expected}`);
	});
});

test.each(lossOptions.map(({ schema }) => schema.shape.loss.value))("loss %s works with its defaults", (loss) => {
	const { preference } = parseConfig({ ...minimal, objective: { preference: { loss } } }, "c.json").objective;
	expect(preference).toMatchObject({ loss, beta: loss === "simpo" ? 2 : 0.1 });
	const normalised = "lengthNormalised" in preference ? preference.lengthNormalised : undefined;
	expect(normalised).toBe(["orpo", "kto"].includes(loss) ? undefined : ["ipo", "simpo"].includes(loss));
	const copy = parseConfig({ ...minimal, objective: { preference } }, "c.json");
	expect(copy.objective.preference).toEqual(preference);
});

test("strategy orpo sets the loss, also beside options of it", () => {
	for (const objective of [undefined, {}, { preference: {} }, { preference: { beta: 0.2 } }]) {
		const config = parseConfig({ ...minimal, objective, strategy: { name: "orpo" } }, "c.json");
		expect(config.objective.preference.loss).toBe("orpo");
		expect(config.evaluation.preference).toBeNull();
	}
});

test("strategy orpo reports DPO's loss on held-out pairs, unless told otherwise", () => {
	const preference = { path: "p.jsonl", evaluation: { path: "q.jsonl" } };
	const written = { ...minimal, data: { ...minimal.data, preference }, strategy: { name: "orpo" } };
	const reported = (evaluation?: object) => parseConfig({ ...written, evaluation }, "c.json").evaluation.preference;
	expect(reported()).toMatchObject({ loss: "sigmoid", beta: 0.1 });
	expect(reported({ every: 5 })).toMatchObject({ loss: "sigmoid" });
	expect(reported({ preference: null })).toBeNull();
	expect(reported({ preference: { loss: "ipo" } })).toMatchObject({ loss: "ipo" });
});
