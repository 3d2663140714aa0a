// Our training step on given rows. Every timed batch is trained several times, so that a short step is timed well.
import { dirname, join } from "node:path";
import { lossOptions } from "../../config/losses/index.js";
import { defaultMicroBatchTokens } from "../../config/micro-batch.js";
import { loadDataset } from "../../data/dataset.js";
import type { Dataset, Objective, PreferenceRow, SftRow } from "../../data/types.js";
import type { Batch, Part } from "../../native/binding.js";
import { createTokenizer } from "../../tokenizer/tokenizer.js";
import { packMicroBatches } from "../../train/batches.js";
import { forwardFlops, type ModelCost, type RowLengths, trainFlops } from "../flops.js";
import type { Job, Measurement, Work } from "../types.js";
import { answer } from "./answer.js";
import { Clock } from "./clock.js";
import { type OpenModel, openModel } from "./open.js";

/** Passes over the timed batches. */
const PASSES = 4;

interface MicroBatch {
	batch: Batch;
	reference?: Float64Array;
}

interface Step {
	microBatches: MicroBatch[];
	/** Pairs, or scored tokens. */
	normalizer: number;
}

async function train(job: Job): Promise<Omit<Measurement, "versions">> {
	const model = await openModel(job);
	const { steps, lengths } = await readSteps(job, model);
	if (job.cachedReference && needsReference(job))
		for (const micro of steps.flatMap(({ microBatches }) => microBatches))
			micro.reference = await reference(model, micro);
	const clock = new Clock();
	const order = [0, ...Array.from({ length: PASSES * job.steps }, (_, index) => 1 + (index % job.steps))];
	for (const [index, position] of order.entries())
		clock.stepDone(await trainStep(model, job, steps[position] as Step, index + 1));
	const measured = clock.measure(job.batch);
	await model.session.profile(true);
	for (const step of steps.slice(1)) await trainStep(model, job, step, order.length + 1);
	const profile = await model.session.profile(false);
	await model.session.dispose();
	return { ...measured, work: meanWork(model.cost, lengths, job), products: model.products, profile };
}

async function readSteps(job: Job, model: OpenModel): Promise<{ steps: Step[]; lengths: RowLengths[] }> {
	const objective: Objective = job.objective === "sft" ? "sft" : "preference";
	const tokenizer = createTokenizer(model.files.tokenizer);
	const cacheDir = join(dirname(job.rows), "cache");
	const spec = { path: job.rows, format: "auto" };
	const dataset: Dataset = await loadDataset(objective, spec, { tokenizer, maxLength: 1024, maxBadRows: 0, cacheDir });
	const lengths: RowLengths[] = [];
	const steps = Array.from({ length: job.steps + 1 }, (_, step) => {
		const indices = Array.from({ length: job.batch }, (_, row) => step * job.batch + row);
		const rows = indices.map((index) => dataset.row(index));
		if (step > 0) lengths.push(...rows.map(lengthsOf));
		const scored = rows.map(lengthsOf).flatMap(({ responses }) => responses);
		const normalizer = objective === "sft" ? scored.reduce((sum, length) => sum + length, 0) : rows.length;
		return { microBatches: packMicroBatches(dataset, indices, defaultMicroBatchTokens("cpu")), normalizer };
	});
	dataset.close();
	return { steps, lengths };
}

function lengthsOf({ prompt, ...responses }: PreferenceRow | SftRow): RowLengths {
	const lengths = Object.values(responses as Record<string, Int32Array>).map(({ length }) => length);
	return { prompt: prompt.length, responses: lengths };
}

function needsReference({ objective }: Job): boolean {
	return lossOptions.some((loss) => loss.native === objective && loss.needsReference);
}

async function reference({ session }: OpenModel, { batch }: MicroBatch): Promise<Float64Array> {
	return (await session.score(batch, "reference")).logps;
}

async function trainStep(model: OpenModel, job: Job, step: Step, number: number): Promise<number> {
	let loss = 0;
	for (const micro of step.microBatches) {
		const part: Part = {
			objective: job.objective,
			weight: 1,
			normalizer: step.normalizer,
			options: {},
			batch: micro.batch,
			...(needsReference(job) ? { reference: micro.reference ?? (await reference(model, micro)) } : {}),
		};
		const [result] = await model.session.accumulate([part], number);
		loss += result?.loss ?? Number.NaN;
	}
	await model.session.update({ lr: 5e-5, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 });
	return loss;
}

/** Of a mean row. */
function meanWork(cost: ModelCost, rows: RowLengths[], job: Job): Work {
	const mean = (value: (row: RowLengths) => number) => rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
	return {
		tokens: mean(({ prompt, responses }) => responses.reduce((sum, length) => sum + length, prompt)),
		referenceFlops: needsReference(job) ? mean((row) => forwardFlops(cost, row)) : 0,
		trainFlops: mean((row) => trainFlops(cost, row, job.targets === null)),
	};
}

await answer(train);
