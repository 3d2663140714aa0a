// One run of our training step on given rows; prints one JSON line with its speed and memory, like peers/trl_trainer.py.
// Usage: xright.mjs dpo|sft MODEL ROWS.jsonl STEPS BATCH THREADS [cached]
// `profile` adds the time of every native op. `checkpointing` recomputes blocks in backward. `cached` computes the reference log-probs before the clock starts; without it they are computed inside every step.
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { packRows } from "../../dist/data/pack.js";
import { resolveModel } from "../../dist/model/resolve.js";
import { openSession } from "../../dist/native/session.js";
import { createTokenizer } from "../../dist/tokenizer/tokenizer.js";

const [objective, modelPath, rowsFile, stepsText, batchText, threadsText, ...flags] = process.argv.slice(2);
const steps = Number(stepsText);
const batchRows = Number(batchText);
const update = { lr: 5e-5, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 };

const model = await resolveModel(modelPath, {});
const tokenizer = createTokenizer(model.tokenizer);
async function encode(text, end) {
	const ids = [...(await tokenizer.encode(text))];
	return Int32Array.from(end ? [...ids, tokenizer.eosId] : tokenizer.addBos ? [tokenizer.bosId, ...ids] : ids);
}
const fields =
	objective === "dpo"
		? { prompt: "prompt", chosen: "chosen", rejected: "rejected" }
		: { prompt: "prompt", response: "completion" };
const rows = [];
for (const line of readFileSync(rowsFile, "utf8")
	.trim()
	.split("\n")
	.slice(0, steps * batchRows)) {
	const source = JSON.parse(line);
	const row = {};
	for (const [name, key] of Object.entries(fields)) row[name] = await encode(source[key], name !== "prompt");
	rows.push(row);
}
const session = await openSession({ device: "cpu" });
await session.load({
	config: model.config,
	dtype: "bfloat16",
	device: "cpu",
	threads: Number(threadsText),
	weights: model.weights,
	adapter: { rank: 16, alpha: 16, dropout: 0, rsLora: false, targets: ["q_proj", "v_proj"], seed: 1 },
	train: "adapter",
	gradientCheckpointing: flags.includes("checkpointing"),
});
const kind = objective === "dpo" ? "preference" : "sft";
const batches = Array.from({ length: steps }, (_, s) => rows.slice(s * batchRows, (s + 1) * batchRows));
const cache = [];
if (objective === "dpo" && flags.includes("cached"))
	for (const b of batches) cache.push((await session.score(packRows(kind, b), "reference")).logps);

async function step(index) {
	const batch = packRows(kind, batches[index]);
	const part = { objective, weight: 1, options: objective === "dpo" ? { beta: 0.1 } : {}, batch };
	if (objective === "dpo") {
		part.normalizer = batchRows;
		part.reference = cache[index] ?? (await session.score(batch, "reference")).logps;
	} else part.normalizer = batches[index].reduce((n, r) => n + r.response.length, 0);
	const [result] = await session.accumulate([part], index + 1);
	await session.update(update);
	return { loss: result.loss, tokens: batch.ids.length };
}

const losses = [];
let tokens = 0;
let start = 0;
for (let i = 0; i < steps; i++) {
	const r = await step(i);
	losses.push(r.loss);
	if (i === 0) {
		if (flags.includes("profile")) await session.profile(true);
		start = performance.now();
	} else tokens += r.tokens;
}
const seconds = (performance.now() - start) / 1000;
const profile = flags.includes("profile") ? await session.profile(false) : undefined;

// What crossing costs: a call that does next to nothing, queued and answered, three to a step.
const crossingStart = performance.now();
for (let i = 0; i < 200; i++) await session.zeroGrad();
const crossing = ((performance.now() - crossingStart) / 1000 / 200) * 3;
const perStep = seconds / (steps - 1);
console.log(
	JSON.stringify({
		trainer: `xright-native${cache.length ? " + cached reference" : ""}`,
		rows_per_second: ((steps - 1) * batchRows) / seconds,
		seconds_per_step: perStep,
		tokens_per_second: tokens / seconds,
		peak_bytes: process.resourceUsage().maxRSS * 1024,
		crossing_share: crossing / perStep,
		memory: session.memory(),
		losses,
		profile,
	}),
);
await session.dispose();
