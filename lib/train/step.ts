import type { Objective } from "../data/types.js";
import { MetricTotals } from "../eval/totals.js";
import type { Part, PartResult } from "../native/binding.js";
import type { Choice, Losses } from "../strategies/types.js";
import { type MicroBatch, packMicroBatches } from "./batches.js";
import { type TrainContext, trainSet } from "./context.js";
import type { StepEvent } from "./events.js";
import { objectiveNames } from "./objectives.js";
import { makePart, measureStep, type RowPart, runParts } from "./parts.js";
import { learningRate } from "./schedule.js";

/** Dropout keys of each objective's rows have a range of their own, so that they never depend on the other's. */
const KEY_RANGE = 2 ** 29;

/** Batches still to be trained, packed once however often a step uses them. */
class ComingBatches {
	readonly #context: TrainContext;
	readonly #packed = new Map<string, { microBatches: MicroBatch[]; measured: Part["options"] }>();

	constructor(context: TrainContext) {
		this.#context = context;
	}

	/** Parts of the objective's next batch, or of one further ahead; the data set does not move on. */
	async parts(objective: Objective, weight: number, ahead = 0): Promise<RowPart[]> {
		const set = trainSet(this.#context, objective);
		const { microBatches, measured } = await this.#pack(objective, ahead);
		const normalizer = microBatches.reduce((sum, { count }) => sum + count, 0);
		const parts: RowPart[] = [];
		for (const microBatch of microBatches) {
			parts.push(await makePart(this.#context, set, microBatch, weight, normalizer, measured));
		}
		return parts;
	}

	async #pack(objective: Objective, ahead: number) {
		const key = `${objective} ${ahead}`;
		const known = this.#packed.get(key);
		if (known) return known;
		const set = trainSet(this.#context, objective);
		const { dataset, sampler } = set;
		const { batch, microBatchTokens } = this.#context.config.train;
		const firstKey = objectiveNames.indexOf(objective) * KEY_RANGE;
		const rows = sampler.peek(batch[objective], ahead * batch[objective]);
		const microBatches = packMicroBatches(dataset, rows, microBatchTokens, firstKey);
		const packed = { microBatches, measured: await measureStep(this.#context, set, microBatches) };
		this.#packed.set(key, packed);
		return packed;
	}
}

/**
 * One optimiser step: asks the strategy, trains what it chooses, moves the trained data sets on. If it does not get to
 * its end (interrupted, or a number is not finite) nothing has changed: weights, data order and strategy are as before.
 */
export async function trainStep(context: TrainContext, step: number): Promise<StepEvent> {
	const { strategy, session } = context;
	const started = performance.now();
	const before = strategy.state();
	const batches = new ComingBatches(context);
	let accumulated = false;
	try {
		const { train } = strategy.choose(step, await evaluateAsked(context, step, batches));
		const parts: RowPart[] = [];
		for (const { objective, weight } of train) parts.push(...(await batches.parts(objective, weight)));
		accumulated = true;
		const results = await runParts(context, parts, (group) => session.accumulate(group, step));
		const { lr: peak, betas, eps, weightDecay } = context.config.train.optimizer;
		const lr = learningRate(context.config.train.schedule, peak, step, context.steps);
		const { maxGradNorm } = context.config.train;
		const { gradNorm } = await session.update({ lr, betas, eps, weightDecay, maxGradNorm });
		accumulated = false;
		const losses = sumLosses(parts, results);
		strategy.observe(step, losses);
		for (const { objective } of train) {
			trainSet(context, objective).sampler.take(context.config.train.batch[objective]);
		}
		const tokens = parts.reduce((sum, { microBatch }) => sum + microBatch.tokens, 0);
		const seconds = (performance.now() - started) / 1000;
		return {
			event: "step",
			step,
			...describeLosses(context, train, losses),
			grad_norm: gradNorm,
			learning_rate: lr,
			tokens,
			seconds,
			...metricsOf(results),
		};
	} catch (error) {
		strategy.restore(before);
		if (accumulated) await session.zeroGrad();
		throw error;
	}
}

/** Losses of coming batches that the strategy wants to see before it chooses. */
async function evaluateAsked(context: TrainContext, step: number, batches: ComingBatches): Promise<Losses> {
	const parts: RowPart[] = [];
	for (const { objective, ahead } of context.strategy.plan(step).evaluate ?? []) {
		parts.push(...(await batches.parts(objective, 1, ahead)));
	}
	const results = await runParts(context, parts, (group) => context.session.evaluate(group));
	return sumLosses(parts, results);
}

/** Loss of each objective over its micro-batches. */
function sumLosses(parts: readonly RowPart[], results: readonly PartResult[]): Losses {
	const losses: Losses = {};
	for (const [index, { microBatch }] of parts.entries()) {
		const { objective } = microBatch;
		losses[objective] = (losses[objective] ?? 0) + (results[index] as PartResult).loss;
	}
	return losses;
}

/** `objective` and `loss` of the step; when several objectives were trained also the loss of each. */
function describeLosses(context: TrainContext, train: Choice["train"], losses: Losses) {
	const named = train.map(({ objective, weight }) => {
		return { name: trainSet(context, objective).traits.metric, weight, loss: losses[objective] as number };
	});
	const [first, ...others] = named;
	if (first && others.length === 0) return { objective: first.name, loss: first.weight * first.loss };
	const loss = named.reduce((sum, entry) => sum + entry.weight * entry.loss, 0);
	return { objective: "mix", loss, ...Object.fromEntries(named.map((entry) => [`loss/${entry.name}`, entry.loss])) };
}

function metricsOf(results: readonly PartResult[]): Record<string, number> {
	const totals = new MetricTotals();
	for (const { sums, counts } of results) totals.add(sums, counts);
	return totals.means();
}
