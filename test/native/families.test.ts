import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readSafetensorsHeader } from "../../lib/model/safetensors.js";
import { loadAddon } from "../../lib/native/addon.js";
import type { Session } from "../../lib/native/session.js";
import {
	dpoPart,
	expectGreedy,
	expectNextToken,
	expectRowLogps,
	expectTraining,
	type ModelNumbers,
	sftPart,
	type Trajectory,
} from "./parity-checks.js";
import { expected, fixture, openTiny, peftAdapter, type RowLogps } from "./parity-fixtures.js";

/** A family's shape as transformers, PEFT and plain PyTorch see it (make.py). */
interface FamilyNumbers extends ModelNumbers {
	adapted: RowLogps;
	sft: Trajectory;
	dpo: Trajectory;
	"sft-full": Trajectory;
}

const shapes = Object.entries(expected<Record<string, FamilyNumbers>>("families.json"));

const sessions: Session[] = [];

async function opened(session: Promise<Session>): Promise<Session> {
	sessions.push(await session);
	return session;
}

afterEach(async () => {
	for (const session of sessions.splice(0)) await session.dispose();
});

/** Name, dtype, shape and bytes of every tensor of a file. */
async function contents(path: string): Promise<Map<string, string>> {
	const bytes = readFileSync(path);
	const { tensors } = await readSafetensorsHeader(path);
	return new Map(
		tensors
			.map(({ name, dtype, shape, offset, bytes: size }) => {
				const data = bytes.subarray(offset, offset + size).toString("base64");
				return [name, `${dtype} ${shape} ${data}`] as const;
			})
			.sort(([a], [b]) => (a < b ? -1 : 1)),
	);
}

async function saved(session: Session, kind: "model" | "adapter"): Promise<Map<string, string>> {
	const folder = mkdtempSync(join(tmpdir(), "xright-family-"));
	try {
		await session.save(kind, join(folder, "saved.safetensors"));
		return await contents(join(folder, "saved.safetensors"));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

describe.each(shapes)("%s", (name, numbers) => {
	const adapter = (kind = "") => peftAdapter(fixture(`adapters/${name}${kind}`));
	const lora = async () => opened(openTiny(name, { adapter: await adapter(), train: "adapter" }));

	test("log-probs, next-token distribution and greedy tokens are transformers'", async () => {
		const session = await opened(openTiny(name));
		await expectRowLogps(session, numbers.logps);
		await expectNextToken(session, numbers.next);
		await expectGreedy(session, numbers.greedy);
	});

	test("an adapter made by PEFT gives PEFT's log-probs and is written back as it was", async () => {
		const session = await opened(openTiny(name, { adapter: await adapter("-random"), train: "adapter" }));
		await expectRowLogps(session, numbers.adapted);
		const file = fixture(`adapters/${name}-random/adapter_model.safetensors`);
		expect(await saved(session, "adapter")).toEqual(await contents(file));
	});

	test("eight steps of LoRA on SFT are PyTorch's", async () => {
		await expectTraining(await lora(), numbers.sft, sftPart);
	});

	test("eight steps of LoRA on DPO are PyTorch's", async () => {
		const session = await lora();
		await expectTraining(session, numbers.dpo, (step) => dpoPart(session, step, 0));
	});

	test.each([false, "selective", true] as const)(
		"four steps of every parameter are PyTorch's, checkpointing %s",
		async (gradientCheckpointing) => {
			const session = await opened(openTiny(name, { train: "full", gradientCheckpointing }));
			await expectTraining(session, numbers["sft-full"], sftPart);
		},
	);

	test("checkpointing needs less memory, selective lies between", async () => {
		const peaks: number[] = [];
		for (const gradientCheckpointing of [false, "selective", true] as const) {
			const session = await opened(openTiny(name, { train: "full", gradientCheckpointing }));
			await session.accumulate([sftPart(0)], 1);
			peaks.push(session.memory().activationsPeak);
		}
		expect(peaks).toEqual([...peaks].sort((a, b) => b - a));
		expect(new Set(peaks).size).toBe(3);
	});

	test("the model is written back as it was, also from names without the base model's prefix", async () => {
		const rename = (tensor: string) => tensor.replace(/^(model|gpt_neox)\./, "");
		const session = await opened(openTiny(name, { rename }));
		expect(await saved(session, "model")).toEqual(await contents(fixture(`${name}/model.safetensors`)));
	});
});

test("every registered family has a shape here or in parity.test.ts", async () => {
	const session = await opened(openTiny("gqa-untied")); // the core lists families once it is loaded
	expect(session).toBeDefined();
	const tried = [...shapes.map(([name]) => name), "gqa-untied"].map(
		(name) => expected<{ model_type: string }>(`${name}/config.json`).model_type,
	);
	expect([...new Set(tried)].sort()).toEqual(loadAddon().addon.models());
});

test("the example of docs/adding-a-model.md is the family's file", () => {
	const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
	const [, example] = /```cpp\n([\s\S]*?)```/.exec(text("docs/adding-a-model.md")) ?? [];
	expect(text("native/models/gpt_neox.cpp")).toContain(example);
});

describe("what cannot be", () => {
	const open = (name: string, changes: Record<string, unknown>, targets?: string[]) => {
		const adapter = targets && { rank: 2, alpha: 2, dropout: 0, rsLora: false, targets, seed: 1 };
		return openTiny(name, { changes, ...(adapter ? { adapter } : {}) });
	};

	test("an unknown model_type lists the known ones", async () => {
		await expect(open("qwen2", { model_type: "mamba" })).rejects.toMatchObject({
			code: "UNKNOWN_MODEL",
			hint: expect.stringContaining("gemma3_text, gpt_neox, llama, mistral, opt, qwen2, qwen3"),
		});
	});

	test("adapter targets that match nothing list the modules", async () => {
		await expect(open("neox-parallel", {}, ["q_proj", "v_proj"])).rejects.toMatchObject({
			code: "CONFIG",
			exitCode: 2,
			hint: expect.stringContaining("dense, dense_4h_to_h, dense_h_to_4h, query_key_value"),
		});
	});

	test.each([
		["gemma3", { attn_logit_softcapping: 50 }, "attn_logit_softcapping"],
		["gemma3", { final_logit_softcapping: 30 }, "final_logit_softcapping"],
		["gemma3", { layer_types: ["full_attention"] }, "layer_types"],
		["gemma3", { layer_types: ["full_attention", "chunked_attention", "full_attention"] }, "layer_types"],
		["opt-pre", { activation_function: "tanh" }, "activation_function"],
		["mistral", { sliding_window: 0 }, "sliding_window"],
	])("%s with %j", async (name, changes, key) => {
		await expect(open(name, changes)).rejects.toMatchObject({ code: "CONFIG", message: expect.stringContaining(key) });
	});

	test("a row longer than the learned positions", async () => {
		const session = await opened(openTiny("opt-pre"));
		const ids = new Int32Array(129).fill(3);
		const segments = Int32Array.from([0, 1, -1, 0, 0, 1, 128, 0, 1, 1]);
		await expect(session.score({ ids, segments }, "current")).rejects.toMatchObject({
			code: "CONFIG",
			message: expect.stringContaining("128"),
		});
	});
});
