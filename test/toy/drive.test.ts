import { describe, expect, it } from "vitest";
import { Random, streams } from "../../lib/data/random.js";
import type { Objective } from "../../lib/data/types.js";
import { findStrategy, strategies } from "../../lib/strategies/index.js";
import type { StrategyFactory } from "../../lib/strategies/types.js";
import { noisyTable1, table1, table1Reference, table2Swapped } from "../../lib/toy/data.js";
import { type Drive, drive } from "../../lib/toy/drive.js";
import { jointMethods, preferenceFirst, repeat, sftFirst } from "../../lib/toy/methods.js";
import { ToyProblem } from "../../lib/toy/problem.js";

const problem = new ToyProblem(table1, table1Reference);
const run: Omit<Drive, "factory"> = { problem, lambda: 0.5, seed: 3, start: [0], steps: 50, stepSize: 0.5 };

/** Every θ of a run. */
function thetas(overrides: Partial<Drive> & Pick<Drive, "factory">): number[][] {
	const seen: number[][] = [];
	drive({ ...run, ...overrides, record: (_, theta) => seen.push([...theta]) });
	return seen;
}

describe("drive", () => {
	it("studies use the exported strategies", () => {
		for (const { factory } of [preferenceFirst, sftFirst, ...jointMethods]) expect(strategies).toContain(factory);
		expect(jointMethods.map(({ factory }) => factory.name)).toEqual(["mix", "alright", "maxright"]);
	});

	it("follows ALRIGHT's draws on the run's strategy stream", () => {
		const random = new Random(3, streams.strategy);
		let theta = [0];
		const expected = [theta];
		for (let step = 1; step <= 50; step++) {
			const gradient = problem.mixedGradient(random.uniform() < 0.3 ? 1 : 0, theta);
			theta = [theta[0]! - 0.5 * gradient[0]!];
			expected.push(theta);
		}
		expect(thetas({ factory: findStrategy("alright"), lambda: 0.3 })).toEqual(expected);
	});

	it("Mix descends the mixed objective", () => {
		const [first, second] = thetas({ factory: findStrategy("mix"), lambda: 0.3, steps: 1 });
		expect(second![0]).toBeCloseTo(first![0]! - 0.5 * problem.mixedGradient(0.3, [0])[0]!, 14);
	});

	it("tells the strategy what the training loop does: losses before the update, of what it asked for and trained", () => {
		const calls: unknown[] = [];
		const factory: StrategyFactory = {
			...findStrategy("mix"),
			create: (context) => ({
				...findStrategy("mix").create(context),
				plan: (step) => (step === 2 ? { evaluate: [{ objective: "sft", ahead: 0 }] } : {}),
				choose(step, losses) {
					calls.push(["choose", step, losses]);
					return { train: [{ objective: "preference", weight: 1 }] };
				},
				observe: (step, losses) => calls.push(["observe", step, losses]),
			}),
		};
		const [first, second] = thetas({ factory, steps: 2 });
		const loss = (objective: Objective, theta: number[]) => problem.loss(objective, theta);
		expect(calls).toEqual([
			["choose", 1, {}],
			["observe", 1, { preference: loss("preference", first!) }],
			["choose", 2, { sft: loss("sft", second!) }],
			["observe", 2, { preference: loss("preference", second!) }],
		]);
	});

	it("stops a stage at the threshold, and the next one goes on", () => {
		const path = thetas({
			factory: preferenceFirst.factory,
			options: preferenceFirst.options,
			steps: 2000,
			threshold: 0.3,
		});
		const loss = (objective: Objective, step: number) => problem.loss(objective, path[step]!);
		expect(loss("preference", 1000)).toBeLessThanOrEqual(0.3);
		expect(path[999]).toEqual(path[1000]);
		expect(loss("preference", path.findIndex((theta) => theta[0] === path[1000]![0]) - 1)).toBeGreaterThan(0.3);
		expect(path[1001]).not.toEqual(path[1000]);
		expect(loss("sft", 2000)).toBeLessThanOrEqual(0.3);
	});

	it("makes the SFT stage's result the reference of the next stage when asked to", () => {
		const two = new ToyProblem(table2Swapped, [8, -6]);
		const setting = { ...run, problem: two, start: [5, -9.9], steps: 200, factory: sftFirst.factory };
		const order = { options: sftFirst.options };
		const path = thetas({ ...setting, ...order, stageReference: true });
		const after = two.withReference(path[100]!).mixedGradient(1, path[100]!);
		expect(path[101]![0]).toBeCloseTo(path[100]![0]! - 0.5 * after[0]!, 13);
		expect(thetas({ ...setting, ...order })[101]).not.toEqual(path[101]);
	});

	it("draws rows independently, each as likely as any other", () => {
		const noisy = new ToyProblem(noisyTable1, table1Reference);
		// The gradient of the wrong label has the opposite sign.
		const path = thetas({ problem: noisy, factory: findStrategy("sft"), steps: 4000, stepSize: 1e-3 });
		const wrong = path.slice(1).filter((theta, i) => theta[0]! < path[i]![0]!).length;
		expect(wrong / 4000).toBeGreaterThan(0.22);
		expect(wrong / 4000).toBeLessThan(0.28);
	});

	it("is the same for the same seed, and another for another where chance plays a part", () => {
		for (const method of [preferenceFirst, sftFirst, ...jointMethods]) {
			const { factory, options } = method;
			const [once, again, other] = [1, 1, 2].map((seed) => thetas({ factory, options, seed }));
			expect(again).toEqual(once);
			if (method.draws) expect(other).not.toEqual(once);
			else expect(other).toEqual(once);
			expect(repeat(method, [1, 2, 3], run)).toHaveLength(method.draws ? 3 : 1);
			const noisy = { ...run, problem: new ToyProblem(noisyTable1, table1Reference) };
			expect(new Set(repeat(method, [1, 2, 3], noisy).map(([theta]) => theta)).size).toBe(3);
		}
	});
});
