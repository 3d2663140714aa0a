import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { architectures, convertGguf } from "../../../../lib/model/gguf/architectures/index.js";
import { readGguf } from "../../../../lib/model/gguf/file.js";
import { llama3Divisors } from "../../../../lib/model/gguf/rope.js";
import { shortestFloat32 } from "../../../../lib/model/gguf/values.js";
import { expectFailure, fileOf } from "../../support.js";
import { type Field, gguf, list, llamaFields, llamaTensors, T, type TensorSpec } from "../build.js";

async function convert(fields: Field[] = [], tensors: TensorSpec[] = []) {
	const changed = new Set(fields.map(([key]) => key));
	const names = new Set(tensors.map(({ name }) => name));
	const allFields = [...llamaFields.filter(([key]) => !changed.has(key)), ...fields];
	const allTensors = [...llamaTensors().filter(({ name }) => !names.has(name)), ...tensors];
	return convertGguf(await readGguf(await fileOf(gguf(allFields, allTensors), "model.gguf")));
}

const floats = (values: number[]) => {
	const bytes = Buffer.alloc(values.length * 4);
	for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * 4);
	return bytes;
};

describe("a Llama GGUF", () => {
	it("becomes Hugging Face's config", async () => {
		const { config } = await convert([["tokenizer.ggml.eos_token_id", T.u32, 2]]);
		expect(config).toEqual({
			architectures: ["LlamaForCausalLM"],
			model_type: "llama",
			hidden_act: "silu",
			hidden_size: 32,
			intermediate_size: 48,
			num_hidden_layers: 2,
			num_attention_heads: 4,
			num_key_value_heads: 2,
			head_dim: 8,
			max_position_embeddings: 128,
			rms_norm_eps: 1e-5,
			rope_theta: 500000,
			vocab_size: 20,
			tie_word_embeddings: true,
			attention_bias: false,
			mlp_bias: false,
			eos_token_id: 2,
		});
	});

	it("has its tensors under Hugging Face's names, q and k marked for un-permuting", async () => {
		const { weights } = await convert([], [{ name: "output.weight", dims: [32, 20] }]);
		const byName = new Map(weights.tensors.map((tensor) => [tensor.name, tensor]));
		expect(weights.tensors).toHaveLength(21);
		expect(byName.get("lm_head.weight")?.shape).toEqual([20, 32]);
		expect(byName.get("model.layers.1.self_attn.q_proj.weight")).toMatchObject({ shape: [32, 32], unpermuteHeads: 4 });
		expect(byName.get("model.layers.1.self_attn.k_proj.weight")).toMatchObject({ shape: [16, 32], unpermuteHeads: 2 });
		expect(byName.get("model.layers.0.mlp.down_proj.weight")).toMatchObject({ shape: [32, 48], file: 0 });
		expect(weights.tensors.filter((tensor) => tensor.unpermuteHeads !== undefined)).toHaveLength(4);
	});

	it("is untied when it has an output matrix, and keeps attention biases", async () => {
		const bias = (part: string, rows: number) => ({ name: `blk.0.${part}.bias`, dims: [rows] });
		const biases = [bias("attn_q", 32), bias("attn_k", 16), bias("attn_v", 16), bias("attn_output", 32)];
		const { config, weights } = await convert([], [{ name: "output.weight", dims: [32, 20] }, ...biases]);
		expect(config).toMatchObject({ tie_word_embeddings: false, attention_bias: true });
		expect(weights.tensors.find((t) => t.name.endsWith("k_proj.bias"))?.unpermuteHeads).toBe(2);
	});

	it.each<[string, Field[], object | undefined]>([
		["none", [["llama.rope.scaling.type", T.string, "none"]], undefined],
		[
			"linear",
			[
				["llama.rope.scaling.type", T.string, "linear"],
				["llama.rope.scaling.factor", T.f32, 4],
			],
			{ rope_type: "linear", factor: 4 },
		],
		["old linear", [["llama.rope.scale_linear", T.f32, 2]], { rope_type: "linear", factor: 2 }],
		[
			"yarn",
			[
				["llama.rope.scaling.type", T.string, "yarn"],
				["llama.rope.scaling.factor", T.f32, 4],
				["llama.rope.scaling.original_context_length", T.u32, 32],
			],
			{ rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 },
		],
	])("takes %s rope scaling", async (_, fields, expected) => {
		expect((await convert(fields)).config.rope_scaling).toEqual(expected);
	});

	it("recognises Llama 3.1's frequency divisors", async () => {
		const divisors = llama3Divisors(500000, 8, 8);
		const { config, weights } = await convert([], [{ name: "rope_freqs.weight", dims: [4], data: floats(divisors) }]);
		expect(config.rope_scaling).toEqual({
			rope_type: "llama3",
			factor: 8,
			low_freq_factor: 1,
			high_freq_factor: 4,
			original_max_position_embeddings: 8192,
		});
		expect(weights.tensors.some((tensor) => tensor.name.includes("rope"))).toBe(false);
	});

	it.each<[string, Field[], TensorSpec[], RegExp]>([
		[
			"other divisors",
			[],
			[{ name: "rope_freqs.weight", dims: [4], data: floats([1, 2, 3, 4]) }],
			/other than Llama 3\.1/,
		],
		["divisors of the wrong size", [], [{ name: "rope_freqs.weight", dims: [3] }], /rope_freqs\.weight of F32 \[3\]/],
		["an unknown scaling", [["llama.rope.scaling.type", T.string, "longrope"]], [], /rope scaling "longrope"/],
		["experts", [["llama.expert_count", T.u32, 8]], [], /mixture of experts/],
		["partial rotary", [["llama.rope.dimension_count", T.u32, 4]], [], /rotary embedding on 4 of 8/],
		["odd head sharing", [["llama.attention.head_count_kv", T.u32, 3]], [], /4 heads cannot share 3/],
		[
			"heads by layer",
			[["llama.attention.head_count_kv", T.array, list(T.u32, [2, 2])]],
			[],
			/must be a non-negative integer/,
		],
		["text for a size", [["llama.block_count", T.string, "2"]], [], /llama\.block_count must be/],
		["a zero size", [["llama.embedding_length", T.u32, 0]], [], /llama\.embedding_length must be/],
		[
			"a tensor it does not know",
			[],
			[{ name: "blk.0.attn_sinks.weight", dims: [4] }],
			/the tensor "blk\.0\.attn_sinks\.weight"/,
		],
		["a bias on q only", [], [{ name: "blk.0.attn_q.bias", dims: [32] }], /biases on attn_q only/],
		["q rows that are no heads", [], [{ name: "blk.0.attn_q.weight", dims: [32, 24] }], /24 rows for 4 heads of 8/],
		["another vocabulary size", [["llama.vocab_size", T.u32, 21]], [], /vocab_size 21/],
	])("is refused for %s", async (_, fields, tensors, message) => {
		await expectFailure(convert(fields, tensors), "WEIGHTS", message);
	});

	it("is refused without a key it needs", async () => {
		const fields = llamaFields.filter(([key]) => key !== "llama.context_length");
		const file = await readGguf(await fileOf(gguf(fields, llamaTensors())));
		await expectFailure(convertGguf(file), "WEIGHTS", /llama\.context_length is missing/);
	});
});

it("names the architectures it knows when it meets another", async () => {
	await expectFailure(
		convert([["general.architecture", T.string, "mamba"]]),
		"UNKNOWN_MODEL",
		/"mamba" is not supported/,
	);
});

it("registers each file of the folder under the name of its architecture", async () => {
	const folder = new URL("../../../../lib/model/gguf/architectures/", import.meta.url);
	const files = (await readdir(folder)).filter((name) => name !== "index.ts").map((name) => name.replace(".ts", ""));
	expect([...architectures.keys()].sort()).toEqual(files.sort());
});

it("shortens float32 values to the decimal they came from", () => {
	expect([1e-5, 1e-6, 0.1, 500000, 1 / 3].map((x) => shortestFloat32(Math.fround(x)))).toEqual([
		1e-5, 1e-6, 0.1, 500000, 0.33333334,
	]);
});
