import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { RunView } from "../../lib/cli/render/run-view.js";
import type { ModelInfo } from "../../lib/native/binding.js";
import type { RunEvent } from "../../lib/train/events.js";

const model = {
	parameters: 134_515_008,
	trainable: 460_800,
	device: "cpu",
	isa: "avx512",
	threads: 2,
} as ModelInfo;

function events(steps: number): RunEvent[] {
	const step = (t: number): RunEvent => ({
		event: "step",
		step: t,
		objective: t % 2 ? "dpo" : "sft",
		loss: t % 2 ? 0.68 : 2.1,
		grad_norm: 1,
		learning_rate: 5e-5,
		tokens: 800,
		seconds: 0.5,
	});
	return [
		{ event: "info", message: "data.sft: 9 rows as alpaca" },
		{ event: "progress", phase: "reference log-probs", done: 1, total: 2, unit: "rows" },
		{ event: "progress", phase: "reference log-probs", done: 2, total: 2, unit: "rows" },
		{
			event: "start",
			steps,
			resumedFrom: 0,
			model,
			output: "runs/a",
			strategy: "alright",
			rows: { preference: 8, sft: 9 },
		},
		{ event: "eval", step: 0, dpo: 0.69, sft: 2.1, "gap/dpo": 0.69, "gap/sft": 2.1, ideal_distance: 2.21 },
		...Array.from({ length: steps }, (_, index) => step(index + 1)),
		{ event: "warning", message: "odd" },
		{ event: "checkpoint", step: steps, path: "runs/a/checkpoints/step-3" },
	];
}

function show(stream: PassThrough, list: RunEvent[]): string {
	const view = new RunView(stream as unknown as NodeJS.WriteStream);
	for (const event of list) view.show(event);
	view.close();
	return stream.read()?.toString() ?? "";
}

test("without a terminal every event is a plain line", () => {
	expect(show(new PassThrough(), events(3))).toMatchInlineSnapshot(`
		"data.sft: 9 rows as alpaca
		reference log-probs: 2 rows
		alright: 3 steps on 8 preference rows and 9 SFT rows
		trains 460.8k of 134.5M parameters on cpu (avx512, 2 threads); writes to runs/a
		held-out after step 0: dpo 0.6900 (gap 0.6900)  sft 2.1000 (gap 2.1000)
		step 1/3  trains dpo  dpo 0.6800  1.6k tok/s  ETA 0:01
		step 2/3  trains sft  dpo 0.6800  sft 2.1000  1.6k tok/s  ETA 0:01
		step 3/3  trains dpo  dpo 0.6800  sft 2.1000  1.6k tok/s  ETA 0:00
		warning: odd
		checkpoint runs/a/checkpoints/step-3
		"
	`);
});

test("a long run without a terminal prints a limited number of step lines, the last one included", () => {
	const lines = show(new PassThrough(), events(1000)).match(/^step .*$/gm)!;
	expect(lines).toHaveLength(40);
	expect(lines.at(-1)).toContain("step 1000/1000");
});

test("on a terminal the steps redraw one line below the others", () => {
	vi.stubEnv("CI", "");
	const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
	const text = show(terminal, events(3));
	vi.unstubAllEnvs();
	expect(text).toContain("\r\x1b[2Kstep 1/3  █████░░░░░░░░░░░  trains dpo  dpo 0.6800  1.6k tok/s  ETA 0:01");
	expect(text.endsWith("\r\x1b[2K")).toBe(true);
});
