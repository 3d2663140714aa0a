import { OURS } from "../contenders.js";
import type { Trial } from "../types.js";

export const start: Trial = {
	name: "start",
	title: "xright-native run: ALRIGHT on both data sets, LoRA on all matrices, warm caches",
	model: "smollm2-135m",
	job: { objective: "dpo", targets: "all-linear", steps: 8, settings: { strategy: "alright", lambda: 0.5 } },
	contenders: [{ name: OURS, runner: "start", job: {} }],
	bars: [
		{
			text: "start of the process to the first step",
			value: (round) => round[OURS]?.detail?.readySeconds ?? null,
			unit: "s",
			atMost: 3,
		},
		{
			text: "start of the process to the end of the first step",
			value: (round) => round[OURS]?.startSeconds ?? null,
			unit: "s",
			atMost: 3,
		},
		{
			text: "peak memory",
			value: (round) => (round[OURS] ? round[OURS].peakBytes / 1e9 : null),
			unit: "GB",
			atMost: 1.3,
		},
	],
};
