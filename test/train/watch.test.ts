import { describe, expect, it } from "vitest";
import { parseConfig } from "../../lib/config/parse.js";
import type { StepEvent } from "../../lib/train/events.js";
import { hopeless, Watch } from "../../lib/train/watch.js";

const config = (objective: object = {}, train: object = {}) =>
	parseConfig({ model: { path: "m" }, data: { preference: { path: "p" }, sft: { path: "s" } }, objective, train }, "c");

describe("hopeless", () => {
	it("says nothing of usual settings, the smallest ones used in practice included", () => {
		const usual = config({ preference: { beta: 0.001 } }, { optimizer: { lr: 5e-7 } });
		expect(hopeless(usual, 1000, ["preference", "sft"])).toEqual([]);
	});

	it.each([
		[{}, { optimizer: { lr: 1e-12 } }, /learning rate never exceeds 1e-12/],
		[{}, { steps: 1, schedule: { warmup: 1 } }, /learning rate never exceeds 0/],
		[{ preference: { beta: 1e-8 } }, {}, /beta is 1e-8/],
	])("warns of %j %j", (objective, train, message) => {
		const found = config(objective, train);
		const steps = found.train.steps as number;
		expect(hopeless(found, steps, ["preference"])).toEqual([expect.stringMatching(message)]);
	});

	it("does not speak of beta where no preferences are trained", () => {
		expect(hopeless(config({ preference: { beta: 1e-8 } }), 10, ["sft"])).toEqual([]);
	});
});

describe("Watch", () => {
	function watch(rows: Partial<StepEvent>[]): string[] {
		const said: string[] = [];
		const watcher = new Watch("dpo", (message) => said.push(message));
		const common = { event: "step", objective: "dpo", grad_norm: 1, learning_rate: 1, tokens: 1, seconds: 1 } as const;
		for (const [index, row] of rows.entries()) watcher.see({ ...common, loss: 0.7, ...row, step: index + 1 });
		return said;
	}
	const rewards = (chosen: number, rejected: number, accuracy: number) => ({
		"rewards/chosen": chosen,
		"rewards/rejected": rejected,
		"rewards/margins": chosen - rejected,
		"rewards/accuracies": accuracy,
	});
	const many = (row: Partial<StepEvent>, count = 50) => Array.from({ length: count }, () => row);

	it("is silent while a run learns", () => {
		expect(watch([rewards(0, 0, 0), ...many({ loss: 0.3, ...rewards(1, -1, 0.9) })])).toEqual([]);
		expect(watch(many({ loss: 1e-4 }))).toEqual([]);
	});

	it("says once that the policy stays the reference, SFT steps in between or not", () => {
		const steps = many(rewards(0, 0, 0)).flatMap((row) => [row, {}]);
		expect(watch(steps)).toEqual([expect.stringContaining("equal to the reference")]);
	});

	it("says once that the loss is saturated: by loss and accuracy, or by the margin", () => {
		const saturated = expect.stringContaining("saturated at step 20");
		expect(watch(many({ loss: 1e-4, ...rewards(6, -6, 1) }))).toEqual([saturated]);
		expect(watch(many({ loss: 2, "loss/dpo": 1e-4, ...rewards(6, -6, 1) }))).toEqual([saturated]);
		expect(watch(many({ loss: 0.2, ...rewards(40, -40, 0.9) }))).toEqual([saturated]);
		expect(watch(many({ loss: 1e-4, ...rewards(6, -6, 1) }, 19))).toEqual([]);
	});
});
