import type { Contender, Measurement, Round, Trial } from "../types.js";

const sizes = [64, 128, 256, 512, 1024, 2048, 4096];

/** Micro-batches of so many tokens in rows of 64, so that attention costs every token the same. */
const short = sizes.map((tokens) => contender("rows of 64 tokens", tokens, 64));
/** One row that fills the micro-batch: attention grows with it. */
const long = sizes.map((tokens) => contender("one row", tokens, tokens));

function contender(line: string, tokens: number, rowTokens: number): Contender {
	// About as long for every size, at least two steps.
	const steps = Math.min(32, Math.max(2, 8192 / tokens));
	return { name: `${line}, ${tokens}`, runner: "micro-batch", job: { steps, settings: { line, tokens, rowTokens } } };
}

function place({ job }: Contender) {
	return { line: String(job.settings?.line), x: Number(job.settings?.tokens) };
}

function perToken({ rowsPerSecond, work }: Measurement): number {
	return 1 / (rowsPerSecond * (work?.tokens ?? Number.NaN));
}

/** Highest cost per token over the lowest among micro-batches of at least 64 tokens. */
function spread(round: Round): number | null {
	const costs = short.flatMap(({ name }) => (round[name] ? [perToken(round[name])] : []));
	return costs.length === short.length ? Math.max(...costs) / Math.min(...costs) : null;
}

export const scale: Trial = {
	name: "scale",
	title: "Cost of a token by micro-batch: SFT, LoRA r16 on q_proj and v_proj",
	model: "smollm2-135m",
	job: { objective: "sft" },
	contenders: [...short, ...long],
	bars: [
		{ text: "dearest over cheapest token, rows of 64, 64 to 4096 tokens", value: spread, unit: "×", atMost: 1.25 },
	],
	sweeps: [
		{
			title: "Cost per token",
			x: "tokens of the micro-batch",
			y: "µs per token",
			log: true,
			place,
			value: (m) => perToken(m) * 1e6,
		},
		{ title: "Time per step", x: "tokens of the step", y: "seconds", place, value: (m) => m.secondsPerStep },
		{ title: "Peak memory", x: "tokens of the micro-batch", y: "GB", place, value: (m) => m.peakBytes / 1e9 },
	],
};
