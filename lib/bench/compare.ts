import { noiseText, table } from "./markdown.js";
import { type Change, compareMedians } from "./statistics.js";
import type { Measurement, TrialResult } from "./types.js";

interface Row {
	trial: string;
	contender: string;
	quantity: string;
	change: Change;
}

const quantities: Record<string, (measurement: Measurement) => number> = {
	"rows/s": ({ rowsPerSecond }) => rowsPerSecond,
	"peak memory": ({ peakBytes }) => peakBytes,
	start: ({ startSeconds }) => startSeconds,
};

/** What changed from one set of results to another, for trials and contenders that both have. */
export function compareResults(old: readonly TrialResult[], now: readonly TrialResult[]): Row[] {
	return now.flatMap((result) => {
		const before = old.find(({ trial }) => trial === result.trial);
		return before ? compareTrial(before, result) : [];
	});
}

function compareTrial(old: TrialResult, now: TrialResult): Row[] {
	const names = Object.keys(now.rounds[0] ?? {});
	return names.flatMap((contender) =>
		Object.entries(quantities).flatMap(([quantity, value]) => {
			const [before, after] = [old, now].map(({ rounds }) => {
				return rounds.flatMap((round) => (round[contender] ? [value(round[contender])] : []));
			}) as [number[], number[]];
			if (before.length === 0 || after.length === 0) return [];
			return [{ trial: now.trial, contender, quantity, change: compareMedians(before, after) }];
		}),
	);
}

/** As a Markdown table; changes within the noise of the rounds are marked as such. */
export function compareMarkdown(rows: readonly Row[]): string {
	const cells = rows.map(({ trial, contender, quantity, change: { change, noise } }) => [
		trial,
		contender,
		quantity,
		`${signed(change)} % ${noiseText(noise)}`,
		Math.abs(change) > noise ? "" : "within noise",
	]);
	return table(["trial", "contender", "quantity", "change", ""], cells).join("\n");
}

function signed(change: number): string {
	return `${change > 0 ? "+" : ""}${(change * 100).toFixed(1)}`;
}
