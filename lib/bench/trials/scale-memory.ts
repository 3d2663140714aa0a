import { memory, ratio } from "../contenders.js";
import type { Contender, Trial } from "../types.js";

const sizes = [512, 1024, 2048, 4096];

function contender(line: string, tokens: number, gradientCheckpointing: boolean): Contender {
	const settings = { line, tokens, rowTokens: 512 };
	return { name: `${line}, ${tokens}`, runner: "micro-batch", job: { gradientCheckpointing, settings } };
}

export const scaleMemory: Trial = {
	name: "scale-memory",
	title: "Memory by micro-batch, in rows of 512 tokens: SFT, LoRA r16 on q_proj and v_proj",
	model: "smollm2-135m",
	job: { objective: "sft", steps: 1 },
	contenders: [
		...sizes.map((tokens) => contender("checkpointing", tokens, true)),
		...sizes.map((tokens) => contender("no checkpointing", tokens, false)),
	],
	bars: [
		{
			text: "peak memory at 4096 over 512 tokens, checkpointing",
			value: ratio(memory, "checkpointing, 4096", "checkpointing, 512"),
			unit: "×",
			atMost: 1.15,
		},
	],
	sweeps: [
		{
			title: "Peak memory",
			x: "tokens of the micro-batch",
			y: "GB",
			place: ({ job }) => ({ line: String(job.settings?.line), x: Number(job.settings?.tokens) }),
			value: (measurement) => measurement.peakBytes / 1e9,
		},
	],
};
