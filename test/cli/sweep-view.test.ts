import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { SweepView } from "../../lib/cli/render/sweep-view.js";
import type { PointRecord, SweepEvent } from "../../lib/sweep/types.js";

const record = (rest: Partial<PointRecord>) =>
	({ status: "completed", dpo: 0.5, sft: 1.5, seconds: 60, ...rest }) as PointRecord;
const step = {
	event: "step",
	objective: "sft",
	loss: 2,
	grad_norm: 1,
	learning_rate: 1,
	tokens: 9,
	seconds: 1,
} as const;

const events: [seconds: number, SweepEvent][] = [
	[0, { event: "sweep", points: 4, finished: 1, output: "/o" }],
	[0, { event: "point", point: "b", index: 2, points: 4 }],
	[0, { event: "info", message: "said before", point: "b" }],
	[
		0,
		{
			event: "start",
			steps: 10,
			resumedFrom: 0,
			model: {},
			output: "/o/b",
			strategy: "sft",
			rows: {},
			point: "b",
		} as unknown as SweepEvent,
	],
	[50, { ...step, step: 5, point: "b" }],
	[60, { event: "point-end", point: "b", index: 2, points: 4, record: record({}) }],
	[60, { event: "point", point: "c", index: 3, points: 4 }],
	[
		80,
		{
			event: "point-end",
			point: "c",
			index: 3,
			points: 4,
			record: record({ status: "failed", error: { code: "NON_FINITE", message: "not finite" } }),
		},
	],
];

function shown(isTTY: boolean): string {
	const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
	let seconds = 0;
	const view = new SweepView(stream as unknown as NodeJS.WriteStream, () => seconds * 1000);
	for (const [at, event] of events) {
		seconds = at;
		view.show(event);
	}
	view.close();
	return String(stream.read());
}

test("a line for each run and how it ended, with the time left for those of this sweep", () => {
	expect(shown(false)).toBe(
		[
			"sweep: 4 runs, 1 of them finished before; writes to /o",
			"[2/4] b",
			"  held-out dpo 0.5000  sft 1.5000  in 1:00  ETA 2:00",
			"[3/4] c",
			"  failed: not finite  ETA 0:40",
			"",
		].join("\n"),
	);
});

test("on a terminal also the running step, with the time left for the whole sweep", () => {
	vi.stubEnv("CI", "");
	// Half of the first of three runs took 50 seconds.
	expect(shown(true)).toContain("\r\x1b[2K[2/4] b  step 5/10  sft 2.0000  ETA 4:10");
});
