import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { packRows } from "../../lib/data/pack.js";
import { readAdapter } from "../../lib/model/adapter.js";
import { peftAdapterConfig } from "../../lib/model/adapter-config.js";
import { resolveModel } from "../../lib/model/resolve.js";
import { readSafetensorsHeader } from "../../lib/model/safetensors.js";
import { writeAdapterConfig } from "../../lib/model/write.js";
import type { Part } from "../../lib/native/binding.js";
import { openSession, type Session } from "../../lib/native/session.js";
import {
	expected,
	fixture,
	openTiny,
	pairs,
	peftAdapter,
	type RowLogps,
	rowLogps,
	sft,
	worst,
} from "./parity-fixtures.js";

/** Of log-probs, against transformers in float32. */
const logpTolerance = 1e-4;
/** Of losses and gradient norms over a training. */
const trainTolerance = 1e-3;
const adamw = { lr: 1e-3, betas: [0.9, 0.95] as [number, number], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 };

const sessions: Session[] = [];

async function opened(session: Promise<Session>): Promise<Session> {
	sessions.push(await session);
	return session;
}

afterEach(async () => {
	for (const session of sessions.splice(0)) await session.dispose();
});

interface ModelNumbers {
	logps: RowLogps;
	next: number[];
	greedy: number[];
}

describe.each(Object.entries(expected<Record<string, ModelNumbers>>("models.json")))("%s", (name, numbers) => {
	test("row log-probs are transformers'", async () => {
		const session = await opened(openTiny(name));
		expect(worst(await rowLogps(session), numbers.logps)).toBeLessThan(logpTolerance);
	});

	test("the distribution of the next token is transformers'", async () => {
		const session = await opened(openTiny(name));
		const { prompt } = pairs[0]!;
		// One prompt that every token of the vocabulary follows, each as a response of its own.
		const segments = [0, prompt.length, -1, 0, 0];
		for (let id = 0; id < numbers.next.length; id++) segments.push(prompt.length + id, 1, 0, 1, prompt.length + id);
		const ids = Int32Array.from([...prompt, ...numbers.next.keys()]);
		const { logps } = await session.score({ ids, segments: Int32Array.from(segments) }, "current");
		const difference = numbers.next.map((value, id) => Math.abs(value - logps[id]!));
		expect(Math.max(...difference)).toBeLessThan(logpTolerance);
	});

	test("greedy tokens are transformers'", async () => {
		const session = await opened(openTiny(name));
		const spec = { prompt: pairs[0]!.prompt, tokens: 12, temperature: 0, topP: 1, seed: 0, stop: [] };
		expect([...(await session.generate(spec))]).toEqual(numbers.greedy);
	});
});

type Trajectory = { loss: number; grad_norm: number; "rewards/chosen"?: number; "rewards/rejected"?: number }[];

const trajectories = expected<Record<string, Trajectory>>("trajectories.json");

/** The two rows of a step, cycling in file order, as make.py takes them. */
function two<T>(rows: T[], step: number): T[] {
	return [0, 1].map((k) => rows[(2 * step + k) % rows.length]!);
}

function sftPart(step: number): Part {
	const rows = two(sft, step);
	const normalizer = rows.reduce((sum, row) => sum + row.response.length, 0);
	return { objective: "sft", weight: 1, normalizer, options: {}, batch: packRows("sft", rows) };
}

async function dpoPart(session: Session, step: number, labelSmoothing: number): Promise<Part> {
	const batch = packRows("preference", two(pairs, step));
	const { logps: reference } = await session.score(batch, "reference");
	const options = { beta: 0.1, labelSmoothing };
	return { objective: "dpo", weight: 1, normalizer: 2, options, batch, reference };
}

async function compareTraining(
	session: Session,
	steps: Trajectory,
	makePart: (step: number) => Part | Promise<Part>,
): Promise<void> {
	for (const [index, want] of steps.entries()) {
		const [result] = await session.accumulate([await makePart(index)], index + 1);
		const { gradNorm } = await session.update(adamw);
		expect(Math.abs(result!.loss - want.loss), `loss of step ${index + 1}`).toBeLessThan(trainTolerance);
		const norm = Math.abs(gradNorm - want.grad_norm) / want.grad_norm;
		expect(norm, `gradient norm of step ${index + 1}`).toBeLessThan(trainTolerance);
		for (const name of ["rewards/chosen", "rewards/rejected"] as const) {
			if (want[name] === undefined) continue;
			const mean = result!.sums[name]! / result!.counts[name]!;
			expect(Math.abs(mean - want[name]), `${name} of step ${index + 1}`).toBeLessThan(trainTolerance);
		}
	}
}

async function loraSession(): Promise<Session> {
	const adapter = await peftAdapter(fixture("adapters/init"));
	return opened(openTiny("gqa-untied", { adapter, train: "adapter" }));
}

describe("trainings are PyTorch's", () => {
	test("SFT, LoRA, eight steps", async () => {
		await compareTraining(await loraSession(), trajectories.sft!, sftPart);
	});

	test.each([
		["dpo", 0],
		["dpo-smoothed", 0.1],
	])("%s, LoRA; the first loss is ln 2", async (name, smoothing) => {
		const session = await loraSession();
		const [first] = await session.evaluate([await dpoPart(session, 0, smoothing)]);
		expect(first!.loss).toBeCloseTo(Math.LN2, 6);
		await compareTraining(session, trajectories[name]!, (step) => dpoPart(session, step, smoothing));
	});

	test("SFT, every parameter, tied embeddings, four steps", async () => {
		const session = await opened(openTiny("mha-tied", { train: "full" }));
		await compareTraining(session, trajectories["sft-full"]!, sftPart);
	});
});

describe("adapters", () => {
	test("one made by PEFT (all linear layers, rsLoRA) gives PEFT's log-probs", async () => {
		const adapter = await peftAdapter(fixture("adapters/random"));
		const session = await opened(openTiny("gqa-untied", { adapter }));
		expect(worst(await rowLogps(session), expected<RowLogps>("adapter.json"))).toBeLessThan(logpTolerance);
	});

	test("saving one writes PEFT's tensors and options; loading it again changes nothing", async () => {
		const adapter = await peftAdapter(fixture("adapters/random"));
		const session = await opened(openTiny("gqa-untied", { adapter, train: "adapter" }));
		const folder = mkdtempSync(join(tmpdir(), "xright-parity-"));
		try {
			await session.save("adapter", join(folder, "adapter_model.safetensors"));
			await writeAdapterConfig(folder, peftAdapterConfig(adapter, "gqa-untied", adapter.targets as string[]));
			const shapes = async (path: string) =>
				(await readSafetensorsHeader(join(path, "adapter_model.safetensors"))).tensors
					.map(({ name, dtype, shape }) => ({ name, dtype, shape }))
					.sort((a, b) => (a.name < b.name ? -1 : 1));
			expect(await shapes(folder)).toEqual(await shapes(fixture("adapters/random")));
			const { targets: saved, ...options } = (await readAdapter(folder)).config;
			const { targets, ...peft } = (await readAdapter(fixture("adapters/random"))).config;
			expect({ options, saved: [...saved].sort() }).toEqual({ options: peft, saved: [...targets].sort() });
			const again = await opened(openTiny("gqa-untied", { adapter: await peftAdapter(folder) }));
			expect(await rowLogps(again)).toEqual(await rowLogps(session));
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});

test("SmolLM2's GGUF file gives transformers' dequantised log-probs", { timeout: 300_000 }, async () => {
	type Row = { prompt: number[]; response: number[]; logp: number };
	const { rows, greedy } = expected<{ rows: Row[]; greedy: number[] }>("smollm2.json");
	const model = await resolveModel("smollm2-135m-instruct"); // from the cache, else a download of 93 MB
	const session = await opened(openSession());
	const fixed = { dtype: "float32", device: "cpu", threads: 0, adapter: null, train: "none" } as const;
	await session.load({ ...fixed, config: model.config, weights: model.weights, gradientCheckpointing: false });
	const packed = rows.map(({ prompt, response }) => ({
		prompt: Int32Array.from(prompt),
		response: Int32Array.from(response),
	}));
	const { logps } = await session.score(packRows("sft", packed), "current");
	for (const [index, { logp, response }] of rows.entries()) {
		expect(Math.abs(logps[index]! - logp) / response.length, `row ${index}`).toBeLessThan(logpTolerance);
	}
	const spec = { prompt: packed[0]!.prompt, tokens: 12, temperature: 0, topP: 1, seed: 0, stop: [2] };
	expect([...(await session.generate(spec))]).toEqual(greedy);
});
