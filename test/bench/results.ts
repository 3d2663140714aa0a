import type { Measurement, Round, TrialResult } from "../../lib/bench/types.js";

export function measurement(rowsPerSecond: number, more: Partial<Measurement> = {}): Measurement {
	const times = { secondsPerStep: 4 / rowsPerSecond, cpu: 1.9, startSeconds: 2 };
	return { rowsPerSecond, peakBytes: 1e9, ...times, losses: [1, 0.9], versions: {}, ...more };
}

export function result(trial: string, rounds: Round[], more: Partial<TrialResult> = {}): TrialResult {
	return {
		trial,
		date: "2026-01-02T03:04:05.000Z",
		machine: "a machine, 24 GiB",
		threads: 2,
		versions: { "xright-native": "0.1.0" },
		weights: "real",
		rounds,
		failed: {},
		productFlops: [],
		...more,
	};
}
