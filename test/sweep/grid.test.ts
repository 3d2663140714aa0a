import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strategyOptions } from "../../lib/config/strategies/index.js";
import { sweepGrid } from "../../lib/sweep/grid.js";
import { createWorkspace, type Workspace } from "../train/workspace.js";

let work: Workspace;
beforeAll(async () => {
	work = await createWorkspace();
});
afterAll(() => work.remove());

function config(sweep: object, rest: object = {}): Record<string, unknown> {
	const { strategy: _, seed: __, ...base } = work.config();
	return { ...base, optima: { preference: 0, sft: 0 }, ...rest, sweep };
}

async function names(sweep: object): Promise<string[]> {
	return (await sweepGrid(config(sweep, { optima: "estimate" }), "s.json", work.folder)).points.map(({ name }) => name);
}

async function message(value: unknown): Promise<string> {
	const error = await sweepGrid(value, "s.json", work.folder).catch((reason: unknown) => reason);
	expect(error).toMatchObject({ code: "CONFIG", exitCode: 2 });
	return (error as Error).message;
}

describe("the runs of a sweep", () => {
	test("are strategies × λ × seeds; a strategy without λ runs once a seed", async () => {
		const grid = { strategies: ["sequential", "mix", "dpo"], lambda: [0.01, 0.5], seeds: [1, 2] };
		expect(await names(grid)).toEqual([
			...["sequential-seed1", "sequential-seed2"],
			...["mix-lambda0.01-seed1", "mix-lambda0.01-seed2", "mix-lambda0.5-seed1", "mix-lambda0.5-seed2"],
			...["dpo-seed1", "dpo-seed2"],
		]);
	});

	test("are named after what differs from a strategy's defaults", async () => {
		const strategies = [
			{ name: "sequential", order: ["sft", "preference"] },
			{ name: "sequential", order: ["preference", "sft"] },
			{ name: "maxright", lambda: 0.25, evaluateEvery: 100 },
			{ name: "maxright", lambda: 0.25, evaluateEvery: 10 },
		];
		expect(await names({ strategies, seeds: [7] })).toEqual([
			"sequential-seed7",
			"sequential-preference-sft-seed7",
			"maxright-evaluateEvery100-lambda0.25-seed7",
			"maxright-lambda0.25-seed7",
		]);
		const staged = [{ name: "sequential", steps: { preference: 5, sft: 7 } }];
		const { train: _, ...rest } = config({ strategies: staged, seeds: [7] });
		expect((await sweepGrid(rest, "s.json", work.folder)).points[0]!.name).toBe(
			"sequential-steps-preference5-sft7-seed7",
		);
	});

	test("are ordinary resolved configurations, each with a folder of its own", async () => {
		const { output, points } = await sweepGrid(config({ strategies: ["alright"], lambda: [0.3], seeds: [5] }), "s", "");
		expect(points[0]).toMatchObject({
			label: "alright",
			lambda: 0.3,
			seed: 5,
			config: {
				strategy: { name: "alright", lambda: 0.3 },
				seed: 5,
				train: { steps: 12, optimizer: { lr: 2e-3 } },
				output: join(output, "points", "alright-lambda0.3-seed5"),
			},
		});
		expect(Object.keys(points[0]!.config)).not.toContain("sweep");
	});

	test("with a loss of their own are measured with the loss of the others", async () => {
		const objective = { preference: { beta: 0.3 } };
		const value = config({ strategies: ["dpo", "orpo"] }, { objective });
		const [dpo, orpo] = (await sweepGrid(value, "s.json", work.folder)).points.map((point) => point.config);
		const sigmoid = { loss: "sigmoid", beta: 0.3, labelSmoothing: 0 };
		expect(dpo).toMatchObject({ objective: { preference: sigmoid }, evaluation: { every: 4, preference: null } });
		expect(orpo).toMatchObject({
			objective: { preference: { loss: "orpo", beta: 0.1 } },
			evaluation: { every: 4, preference: sigmoid },
		});
	});

	test("go to runs/<name of the file> when no output is given", async () => {
		const { output: _, ...rest } = config({ strategies: ["sft"] });
		expect((await sweepGrid(rest, "examples/trade-off.json", "")).output).toBe(join("runs", "trade-off"));
	});
});

const known = strategyOptions.map(({ name }) => name).join(", ");

describe("mistakes are named", () => {
	test.each([
		[
			{ strategies: ["mixx"] },
			`sweep.strategies.0 must be one of ${known} (did you mean "mix"?) or an object, not "mixx"`,
		],
		[
			{ strategies: [{ name: "alrigth" }] },
			`sweep.strategies.0.name must be one of ${known} (did you mean "alright"?), not "alrigth"`,
		],
		[
			{ strategies: [{ name: "maxright", evaluateEveri: 3 }] },
			"unknown key sweep.strategies.0.evaluateEveri: did you mean sweep.strategies.0.evaluateEvery?",
		],
		[
			{ strategies: [{ name: "sequential", lambda: 0.5 }] },
			'sweep.strategies.0.lambda has no effect with sweep.strategies.0.name "sequential"; remove it',
		],
		[{ strategies: ["mix"], lambda: [0.5, 1.5] }, "sweep.lambda.1 must be at most 1, not 1.5"],
		[{ strategies: [] }, "sweep.strategies must be at least 1 entries long, not a list of 0"],
		[{ stratgies: ["mix"] }, "unknown key sweep.stratgies: did you mean sweep.strategies?"],
		[{ strategies: ["mix"], lambdas: [0.5] }, "unknown key sweep.lambdas: did you mean sweep.lambda?"],
		[{ strategies: ["mix", "mix"], lambda: [0.5] }, "sweep contains the run mix-lambda0.5-seed42 twice"],
		[
			{ strategies: ["sft"], lambda: [0.5] },
			"sweep.lambda has no effect: no strategy of the sweep takes its λ from it",
		],
	])("%j", async (sweep, expected) => {
		expect(await message(config(sweep))).toContain(`s.json: ${expected}`);
	});

	test("keys of a run that the grid decides", async () => {
		const value = config({ strategies: ["mix"] }, { seed: 3, strategy: { name: "mix" } });
		expect(await message(value)).toBe(
			"s.json:\n  strategy has no effect in a sweep: sweep.strategies says what runs; remove it\n" +
				"  seed has no effect in a sweep: sweep.seeds says what runs; remove it",
		);
	});

	test("a run's configuration, and data without held-out rows", async () => {
		const { sweep: _, ...run } = config({});
		expect(await message(run)).toBe("s.json: sweep is missing");
		const data = {
			preference: { path: join(work.folder, "pairs.jsonl") },
			sft: { path: join(work.folder, "sft.jsonl") },
		};
		expect(await message(config({ strategies: ["mix"] }, { data, evaluation: {} }))).toContain(
			"data.preference.evaluation is missing: a sweep compares the held-out losses of both objectives",
		);
	});
});
