import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAdapter } from "../../lib/model/adapter.js";
import { peftAdapterConfig } from "../../lib/model/adapter-config.js";
import { resolveModel } from "../../lib/model/resolve.js";
import { writeAdapterConfig, writeModelFiles } from "../../lib/model/write.js";
import { modelFiles } from "./hub/server.js";
import { expectFailure, float32File, safetensors, temporary } from "./support.js";

const q = "base_model.model.model.layers.0.self_attn.q_proj";
const v = "base_model.model.model.layers.0.self_attn.v_proj";
const pair = (module: string, rank = 4) => ({
	[`${module}.lora_A.weight`]: [rank, 8],
	[`${module}.lora_B.weight`]: [6, rank],
});
const spec = { rank: 4, alpha: 8, dropout: 0.1, rsLora: true };
const config = peftAdapterConfig(spec, "org/base", ["v_proj", "q_proj", "q_proj"]);

async function adapter(
	changes: object = {},
	weights: Buffer = float32File({ ...pair(q), ...pair(v) }),
): Promise<string> {
	const folder = await temporary();
	await writeAdapterConfig(folder, { ...config, ...changes });
	await writeFile(join(folder, "adapter_model.safetensors"), weights);
	return folder;
}

describe("an adapter folder", () => {
	it("reads back what peftAdapterConfig wrote", async () => {
		const { config: read, weights, fingerprint } = await readAdapter(await adapter());
		expect(read).toEqual({
			...spec,
			baseModel: "org/base",
			targets: ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"],
		});
		expect(weights.tensors).toHaveLength(4);
		expect(fingerprint).not.toBe((await readAdapter(await adapter({ lora_alpha: 9 }))).fingerprint);
	});

	it("is written with PEFT's keys", () => {
		expect(config).toMatchObject({
			peft_type: "LORA",
			task_type: "CAUSAL_LM",
			r: 4,
			lora_alpha: 8,
			lora_dropout: 0.1,
			use_rslora: true,
			target_modules: ["q_proj", "v_proj"],
			base_model_name_or_path: "org/base",
			bias: "none",
		});
	});

	it("accepts PEFT's defaults for options it does not support", async () => {
		const off = { use_dora: false, modules_to_save: null, rank_pattern: {}, alpha_pattern: {}, lora_bias: false };
		await expect(
			readAdapter(await adapter({ ...off, target_modules: ".*q_proj", loftq_config: {} })),
		).resolves.toBeDefined();
	});

	it.each<[object, RegExp]>([
		[{ peft_type: "IA3" }, /"peft_type" is "IA3"/],
		[{ r: 0 }, /"r" must be/],
		[{ r: "4" }, /"r" must be/],
		[{ lora_alpha: null }, /"lora_alpha"/],
		[{ lora_dropout: 1 }, /"lora_dropout"/],
		[{ use_dora: true }, /"use_dora" is true/],
		[{ modules_to_save: ["lm_head"] }, /"modules_to_save" is \["lm_head"\]/],
		[{ rank_pattern: { q: 2 } }, /"rank_pattern"/],
		[{ alpha_pattern: { q: 2 } }, /"alpha_pattern"/],
		[{ bias: "all" }, /"bias" must be "none"/],
		[{ fan_in_fan_out: true }, /"fan_in_fan_out"/],
		[{ init_lora_weights: "pissa_niter_4" }, /the base model was changed too/],
	])("with %j is refused", async (changes, message) => {
		await expectFailure(readAdapter(await adapter(changes)), "CONFIG", message);
	});

	it.each<[string, Buffer, RegExp]>([
		["no weights", safetensors({}, 0), /holds no adapter weights/],
		["half a pair", float32File({ [`${q}.lora_A.weight`]: [4, 8] }), /q_proj" has no lora_B\.weight/],
		["another rank", float32File(pair(q, 2)), /does not have rank 4/],
		["something else", float32File({ "lm_head.weight": [2, 2] }), /"lm_head\.weight" is not a LoRA weight/],
		[
			"integers",
			safetensors({ [`${q}.lora_A.weight`]: { dtype: "I8", shape: [4, 1], data_offsets: [0, 4] } }, 4),
			/dtype I8/,
		],
	])("with %s is refused", async (_, weights, message) => {
		await expectFailure(readAdapter(await adapter({}, weights)), "WEIGHTS", message);
	});

	it("must exist and have its config", async () => {
		const folder = await temporary();
		await expectFailure(readAdapter(join(folder, "x")), "CONFIG", /no such adapter folder/);
		await expectFailure(readAdapter(folder), "CONFIG", /adapter_config\.json: no such file/);
	});
});

it("a model folder written beside its weights is the same model", async () => {
	const from = await temporary();
	for (const [name, bytes] of Object.entries(modelFiles())) await writeFile(join(from, name), bytes);
	await writeFile(join(from, "tokenizer_config.json"), JSON.stringify({ chat_template: "t", eos_token: "</s>" }));
	await writeFile(join(from, "generation_config.json"), JSON.stringify({ eos_token_id: 2 }));
	const model = await resolveModel(from);
	const to = join(await temporary(), "model");
	await mkdir(to);
	const written = await writeModelFiles(to, model, "bfloat16");
	expect(written).toEqual([
		"config.json",
		"tokenizer.json",
		"tokenizer_config.json",
		"generation_config.json",
		"chat_template.jinja",
	]);
	await writeFile(join(to, "model.safetensors"), modelFiles()["model.safetensors"] as Buffer);
	const again = await resolveModel(to);
	expect(again.config).toEqual({ ...model.config, dtype: "bfloat16" });
	expect(again.tokenizer).toEqual({ ...model.tokenizer, tokenizerConfig: { eos_token: "</s>" } });
	expect(again.generationConfig).toEqual(model.generationConfig);
	expect(await readFile(join(to, "chat_template.jinja"), "utf8")).toBe("t");
});
