import { median } from "./statistics.js";
import type { Bar, Contender, Measurement, Round, Trial, TrialResult } from "./types.js";

/** Medians over the rounds of one contender; null where something was not measured. */
export interface Figures {
	name: string;
	rowsPerSecond: number;
	tokensPerSecond: number | null;
	/** Of the operations that training on the rows cannot do without, whatever the contender computes besides. */
	teraflops: number | null;
	/** Share of the rate of the model's products alone. */
	share: number | null;
	/** Rows/s over the first contender's, round by round. */
	speed: number;
	peakBytes: number;
	/** Peak memory over the first contender's, round by round. */
	memory: number;
	cpu: number | null;
	startSeconds: number;
	notes: string[];
}

/** One contender in one round. */
interface Sample {
	own: Measurement;
	base: Measurement;
	/** Tokens and operations of a row; peers train the same rows, so the work is what one of our workers found. */
	tokens: number | null;
	flops: number | null;
	/** Rate of the products alone. */
	products: number | null;
}

/** Figures of every contender that took part. */
export function figuresOf(trial: Trial, result: TrialResult): Figures[] {
	const present = trial.contenders.filter(({ name }) => result.rounds.some((round) => round[name]));
	const base = present[0]?.name ?? "";
	return present.map((contender) => {
		return summarise(
			contender.name,
			result.rounds.flatMap((round, index) => {
				return sample(contender, base, trial, round, result.productFlops[index] ?? null) ?? [];
			}),
		);
	});
}

function sample(contender: Contender, base: string, trial: Trial, round: Round, products: number | null) {
	const own = round[contender.name];
	if (!own) return null;
	const work = own.work ?? Object.values(round).find((other) => other.work)?.work;
	const { cachedReference = false } = { ...trial.job, ...contender.job };
	const flops = work ? work.trainFlops + (cachedReference ? 0 : work.referenceFlops) : null;
	return { own, base: round[base] ?? own, tokens: work?.tokens ?? null, flops, products };
}

function summarise(name: string, samples: Sample[]): Figures {
	/** The median, null unless there is a number in every round. */
	const middle = (value: (sample: Sample) => number | null) => {
		const values = samples.map(value).filter((number) => number !== null);
		return values.length === samples.length ? median(values) : null;
	};
	const certain = (value: (sample: Sample) => number) => median(samples.map(value));
	const rate = ({ own, flops }: Sample) => (flops === null ? null : own.rowsPerSecond * flops);
	const teraflops = middle(rate);
	return {
		name,
		rowsPerSecond: certain(({ own }) => own.rowsPerSecond),
		tokensPerSecond: middle(({ own, tokens }) => (tokens === null ? null : own.rowsPerSecond * tokens)),
		teraflops: teraflops === null ? null : teraflops / 1e12,
		share: middle((one) => (one.products === null ? null : (rate(one) ?? Number.NaN) / one.products)),
		speed: certain(({ own, base }) => own.rowsPerSecond / base.rowsPerSecond),
		peakBytes: certain(({ own }) => own.peakBytes),
		memory: certain(({ own, base }) => own.peakBytes / base.peakBytes),
		cpu: middle(({ own }) => own.cpu),
		startSeconds: certain(({ own }) => own.startSeconds),
		notes: [...new Set(samples.flatMap(({ own }) => own.notes ?? []))],
	};
}

export interface BarFigure {
	bar: Bar;
	/** Median over the rounds; null when a contender it needs did not take part. */
	value: number | null;
	reached: boolean | null;
}

export function barFigures(trial: Trial, { rounds }: TrialResult): BarFigure[] {
	return trial.bars.map((bar) => {
		const values = rounds.flatMap((round) => bar.value(round) ?? []);
		if (values.length === 0) return { bar, value: null, reached: null };
		const value = median(values);
		const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bar;
		return { bar, value, reached: value >= atLeast && value <= atMost };
	});
}
