import type { Bar, Contender, Round, Trial } from "../types.js";

const baseline = "sequential";

/**
 * With this the gaps of the first losses (0.69 and 2.3 nats) are alike, so that MAXRIGHT trains both objectives, as
 * Sequential does.
 */
const sftOptimum = 1.61;

function contender(name: string, options: Record<string, number> = {}): Contender {
	return { name, runner: "strategy", job: { settings: { strategy: name, ...options } } };
}

/**
 * Time over what Sequential needs for as many batches of each objective. Its steps train one objective each, so the
 * price of a batch is known; Mix trains both in one step.
 */
function overhead(name: string): (round: Round) => number | null {
	return (round) => {
		const [own, base] = [round[name]?.detail, round[baseline]?.detail];
		if (!own || !base) return null;
		const price = (objective: string) => (base[`${objective}Seconds`] ?? 0) / (base[`${objective}Batches`] ?? 0);
		const equal = ["preference", "sft"].reduce((sum, key) => sum + (own[`${key}Batches`] ?? 0) * price(key), 0);
		return (own.seconds ?? 0) / equal;
	};
}

function bar(name: string, atMost: number): Bar {
	return { text: `${name}: time over Sequential at equal rows`, value: overhead(name), unit: "×", atMost };
}

export const strategies: Trial = {
	name: "strategies",
	title: "Strategies on the same rows, batches of 4 pairs and 4 SFT rows, λ = 0.5, cached reference",
	model: "smollm2-135m",
	job: { objective: "dpo", steps: 24 },
	contenders: [
		contender("sequential"),
		contender("mix", { lambda: 0.5 }),
		contender("alright", { lambda: 0.5 }),
		contender("maxright", { lambda: 0.5, evaluateEvery: 10, sftOptimum }),
	],
	bars: [bar("alright", 1.02), bar("maxright", 1.02), bar("mix", 1.25)],
};
