// Our SFT step on one micro-batch of a given size, in rows of a given size: half prompt, half response, random ids.
import { packRows } from "../../data/pack.js";
import { Random } from "../../data/random.js";
import { trainFlops } from "../flops.js";
import type { Job, Measurement } from "../types.js";
import { answer } from "./answer.js";
import { Clock } from "./clock.js";
import { openModel } from "./open.js";

async function microBatch(job: Job): Promise<Omit<Measurement, "versions">> {
	const { session, info, cost, products } = await openModel(job);
	const { tokens, rowTokens } = job.settings as { tokens: number; rowTokens: number };
	const count = tokens / rowTokens;
	const half = rowTokens / 2;
	const random = new Random(1);
	const ids = () => Int32Array.from({ length: half }, () => random.next() % info.vocab);
	const batch = packRows(
		"sft",
		Array.from({ length: count }, () => ({ prompt: ids(), response: ids() })),
	);
	const clock = new Clock();
	for (let step = 1; step <= job.steps + 1; step++) {
		const part = { objective: "sft", weight: 1, normalizer: count * half, options: {}, batch };
		const [result] = await session.accumulate([part], step);
		await session.update({ lr: 5e-5, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 });
		clock.stepDone(result?.loss ?? Number.NaN);
	}
	const measured = clock.measure(count);
	await session.dispose();
	const row = { prompt: half, responses: [half] };
	const full = job.targets === null;
	const work = { tokens: rowTokens, referenceFlops: 0, trainFlops: trainFlops(cost, row, full) };
	return { ...measured, work, products };
}

await answer(microBatch);
