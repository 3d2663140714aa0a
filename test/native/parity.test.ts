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
import { openSession, type Session } from "../../lib/native/session.js";
import {
	dpoPart,
	expectGreedy,
	expectNextToken,
	expectRowLogps,
	expectTraining,
	logpTolerance,
	type ModelNumbers,
	sftPart,
	type Trajectory,
} from "./parity-checks.js";
import { expected, fixture, openTiny, peftAdapter, type RowLogps, rowLogps, worst } from "./parity-fixtures.js";

const sessions: Session[] = [];

async function opened(session: Promise<Session>): Promise<Session> {
	sessions.push(await session);
	return session;
}

afterEach(async () => {
	for (const session of sessions.splice(0)) await session.dispose();
});

describe.each(Object.entries(expected<Record<string, ModelNumbers>>("models.json")))("%s", (name, numbers) => {
	test("row log-probs are transformers'", async () => {
		await expectRowLogps(await opened(openTiny(name)), numbers.logps);
	});

	test("the distribution of the next token is transformers'", async () => {
		await expectNextToken(await opened(openTiny(name)), numbers.next);
	});

	test("greedy tokens are transformers'", async () => {
		await expectGreedy(await opened(openTiny(name)), numbers.greedy);
	});
});

const trajectories = expected<Record<string, Trajectory>>("trajectories.json");

async function loraSession(): Promise<Session> {
	const adapter = await peftAdapter(fixture("adapters/init"));
	return opened(openTiny("gqa-untied", { adapter, train: "adapter" }));
}

describe("trainings are PyTorch's", () => {
	test("SFT, LoRA, eight steps", async () => {
		await expectTraining(await loraSession(), trajectories.sft!, sftPart);
	});

	test.each([
		["dpo", 0],
		["dpo-smoothed", 0.1],
	])("%s, LoRA; the first loss is ln 2", async (name, smoothing) => {
		const session = await loraSession();
		const [first] = await session.evaluate([await dpoPart(session, 0, smoothing)]);
		expect(first!.loss).toBeCloseTo(Math.LN2, 6);
		await expectTraining(session, trajectories[name]!, (step) => dpoPart(session, step, smoothing));
	});

	test("DPO against another adapter as the reference, LoRA, eight steps", async () => {
		const reference = await opened(openTiny("gqa-untied", { adapter: await peftAdapter(fixture("adapters/random")) }));
		const session = await loraSession();
		await expectTraining(session, trajectories["dpo-reference"]!, async (step) => {
			const part = await dpoPart(session, step, 0);
			return { ...part, reference: (await reference.score(part.batch, "current")).logps };
		});
	});

	test("SFT, every parameter, tied embeddings, four steps", async () => {
		const session = await opened(openTiny("mha-tied", { train: "full" }));
		await expectTraining(session, trajectories["sft-full"]!, sftPart);
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
