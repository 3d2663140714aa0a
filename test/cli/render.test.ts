import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { bytes, duration, loss, printable, short, table } from "../../lib/cli/render/format.js";
import { profileTable } from "../../lib/cli/render/profile.js";
import { StatusLine } from "../../lib/cli/render/status-line.js";
import { summaryText } from "../../lib/cli/render/summary.js";
import type { RunSummary } from "../../lib/train/events.js";

describe("numbers", () => {
	test.each([
		[0, "0:00"],
		[83, "1:23"],
		[3700, "1:01:40"],
		[-5, "0:00"],
	])("%d seconds", (seconds, expected) => expect(duration(seconds)).toBe(expected));

	test.each([
		[999, "999"],
		[1500, "1.5k"],
		[134_515_008, "134.5M"],
		[8e9, "8.0G"],
	])("%d short", (count, expected) => expect(short(count)).toBe(expected));

	test.each([
		[512, "512 B"],
		[1536 * 2 ** 20, "1.5 GiB"],
	])("%d bytes", (count, expected) => expect(bytes(count)).toBe(expected));

	test("a loss that was not measured is a dash", () => {
		expect([loss(0.67891), loss(undefined), loss(null)]).toEqual(["0.6789", "–", "–"]);
	});
});

test("a table lines its columns up", () => {
	expect(
		table([
			["loss", "before", "after"],
			["SFT", "2.1", "1.9876"],
		]),
	).toBe("loss  before   after\nSFT      2.1  1.9876");
});

test("a profile shows the share of each op and the speed of products", () => {
	const ops = [
		{ op: "down_proj", pass: "forward", calls: 60, seconds: 1.5, flops: 6e11 },
		{ op: "norm", pass: "backward", calls: 61, seconds: 0.25, flops: 0 },
	];
	expect(profileTable({ seconds: 2, ops })).toBe(
		[
			"op                  calls  seconds   share  TFLOP/s",
			"down_proj, forward     60     1.50  75.0 %    0.400",
			"norm, backward         61     0.25  12.5 %",
			"everything else               0.25  12.5 %",
		].join("\n"),
	);
});

test("control characters of a model's answer cannot steer the terminal", () => {
	expect(printable("a\x1b[2Jb\r\x07\n\tc\x9b")).toBe("a\\x1b[2Jb\\x0d\\x07\n\tc\\x9b");
});

test("the status line is redrawn in place, cut to the terminal, and lines scroll above it", () => {
	const stream = Object.assign(new PassThrough(), { columns: 30 });
	const status = new StatusLine(stream as unknown as NodeJS.WriteStream);
	status.set("x".repeat(50));
	status.line("note");
	status.clear();
	status.line("end");
	const cut = "x".repeat(29);
	expect(stream.read()?.toString()).toBe(`\r\x1b[2K${cut}\r\x1b[2Knote\n${cut}\r\x1b[2Kend\n`);
});

test("the end of a run shows losses, answers, files and the next step", () => {
	const summary: RunSummary = {
		status: "completed",
		steps: 60,
		seconds: 93,
		tokens_per_second: 812,
		peak_memory_bytes: 1536 * 2 ** 20,
		peak_memory_of: "process",
		gpu_utilization_median: null,
		initial: { dpo: 0.6914, sft: 2.1034, "gap/dpo": 0.6914, "gap/sft": 2.1034, ideal_distance: 2.2146 },
		final: { dpo: 0.6512, sft: 1.8021, "gap/dpo": 0.6512, "gap/sft": 1.8021, ideal_distance: 1.9161 },
		optima: {},
		dropped: { preference: {}, sft: {} },
		artifact: "runs/a/adapter",
		key: "0123",
		samples: [{ prompt: "Hi", before: "one\ntwo", after: "\x1b[0mthree" }],
	};
	expect(summaryText(summary, "runs/a")).toMatchInlineSnapshot(`
		"done after 60 steps in 1:33 (812 tok/s, peak memory 1.5 GiB)

		held-out loss            before   after
		preference (DPO)         0.6914  0.6512
		SFT                      2.1034  1.8021
		distance to both optima  2.2146  1.9161

		prompt  Hi
		before  one
		        two
		after   \\x1b[0mthree

		model:   runs/a/adapter
		metrics: runs/a/metrics.jsonl
		summary: runs/a/summary.json

		next: xright-native generate runs/a --prompt "How do I bake bread?"
		      --set strategy.lambda=0.25 weighs SFT more"
	`);
	const stopped = { reason: "sft reached its optimum 1.8", step: 60 };
	expect(summaryText({ ...summary, stopped }, "runs/a")).toContain("\n\nended early: sft reached its optimum 1.8\n\n");
	expect(summaryText({ ...summary, status: "interrupted", samples: [], final: {} }, "runs/a")).toMatchInlineSnapshot(`
		"stopped after 60 steps in 1:33 (812 tok/s, peak memory 1.5 GiB)

		model:   runs/a/adapter
		metrics: runs/a/metrics.jsonl
		summary: runs/a/summary.json

		next: the same command with --resume continues exactly here"
	`);
});
