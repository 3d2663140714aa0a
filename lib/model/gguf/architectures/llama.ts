import { XrightError } from "../../../errors.js";
import type { TensorSource } from "../../../native/binding.js";
import type { GgufFile } from "../file.js";
import { ropeScaling } from "../rope.js";
import type { GgufTensor } from "../tensors.js";
import { optionalFloat, optionalInteger, requiredSize } from "../values.js";
import type { GgufArchitecture, HfModel } from "./index.js";

/** Llama (1 to 3), SmolLM2, TinyLlama, Mistral 7B: what llama.cpp calls the architecture "llama". */
export const llama: GgufArchitecture = { name: "llama", convert };

const globalNames: Record<string, string> = {
	"token_embd.weight": "model.embed_tokens.weight",
	"output_norm.weight": "model.norm.weight",
	"output.weight": "lm_head.weight",
};

const layerNames: Record<string, string> = {
	attn_norm: "input_layernorm",
	attn_q: "self_attn.q_proj",
	attn_k: "self_attn.k_proj",
	attn_v: "self_attn.v_proj",
	attn_output: "self_attn.o_proj",
	ffn_norm: "post_attention_layernorm",
	ffn_gate: "mlp.gate_proj",
	ffn_up: "mlp.up_proj",
	ffn_down: "mlp.down_proj",
};

/** Rotary frequencies: part of the config, or recomputed from it. */
const derived = /^(rope_freqs|blk\.\d+\.attn_rot_embd)\.weight$/;

interface Heads {
	query: number;
	key: number;
	dim: number;
}

async function convert(file: GgufFile): Promise<HfModel> {
	const heads = readHeads(file);
	const tensors = file.tensors.filter((t) => !derived.test(t.name)).map((t) => rename(file, t, heads));
	return {
		config: await readConfig(file, heads),
		weights: { files: [file.path], tensors },
	};
}

function readHeads(file: GgufFile): Heads {
	const query = requiredSize(file, "llama.attention.head_count");
	const key = optionalInteger(file, "llama.attention.head_count_kv") ?? query;
	const hidden = requiredSize(file, "llama.embedding_length");
	const dim = optionalInteger(file, "llama.attention.key_length") ?? hidden / query;
	if (key < 1 || query % key !== 0) throw unsupported(file, `${query} heads cannot share ${key} key-value heads`);
	if (!Number.isInteger(dim) || dim < 2) throw unsupported(file, `${hidden} units cannot be split into ${query} heads`);
	const values = optionalInteger(file, "llama.attention.value_length") ?? dim;
	if (values !== dim) throw unsupported(file, `values of length ${values} with keys of length ${dim}`);
	const rotary = optionalInteger(file, "llama.rope.dimension_count") ?? dim;
	if (rotary !== dim) throw unsupported(file, `rotary embedding on ${rotary} of ${dim} dimensions`);
	return { query, key, dim };
}

async function readConfig(file: GgufFile, heads: Heads): Promise<Record<string, unknown>> {
	if ((optionalInteger(file, "llama.expert_count") ?? 0) > 0) throw unsupported(file, "a mixture of experts");
	const eps = optionalFloat(file, "llama.attention.layer_norm_rms_epsilon");
	if (eps === undefined) throw unsupported(file, "no llama.attention.layer_norm_rms_epsilon");
	const tensors = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
	const scaling = await ropeScaling(file, "llama", heads.dim);
	return {
		architectures: ["LlamaForCausalLM"],
		model_type: "llama",
		hidden_act: "silu",
		hidden_size: requiredSize(file, "llama.embedding_length"),
		intermediate_size: requiredSize(file, "llama.feed_forward_length"),
		num_hidden_layers: requiredSize(file, "llama.block_count"),
		num_attention_heads: heads.query,
		num_key_value_heads: heads.key,
		head_dim: heads.dim,
		max_position_embeddings: requiredSize(file, "llama.context_length"),
		rms_norm_eps: eps,
		rope_theta: optionalFloat(file, "llama.rope.freq_base") ?? 10000,
		...(scaling && { rope_scaling: scaling }),
		vocab_size: vocabulary(file, tensors.get("token_embd.weight")),
		tie_word_embeddings: !tensors.has("output.weight"),
		attention_bias: hasBias(file, tensors, ["attn_q", "attn_k", "attn_v", "attn_output"]),
		mlp_bias: hasBias(file, tensors, ["ffn_gate", "ffn_up", "ffn_down"]),
		...tokenId(file, "bos_token_id", "tokenizer.ggml.bos_token_id"),
		...tokenId(file, "eos_token_id", "tokenizer.ggml.eos_token_id"),
	};
}

function tokenId(file: GgufFile, name: string, key: string): Record<string, number> {
	const id = optionalInteger(file, key);
	return id === undefined ? {} : { [name]: id };
}

function vocabulary(file: GgufFile, embedding: GgufTensor | undefined): number {
	const rows = embedding?.shape[0];
	if (rows === undefined) throw unsupported(file, "no tensor token_embd.weight");
	const stated = optionalInteger(file, "llama.vocab_size") ?? rows;
	if (stated !== rows) throw unsupported(file, `llama.vocab_size ${stated}, but token_embd.weight has ${rows} rows`);
	return rows;
}

/** Hugging Face has one switch for a group of biases, so a group must have all of them or none. */
function hasBias(file: GgufFile, tensors: ReadonlyMap<string, GgufTensor>, group: string[]): boolean {
	const present = group.filter((part) => tensors.has(`blk.0.${part}.bias`));
	if (present.length === 0) return false;
	if (present.length === group.length) return true;
	throw unsupported(file, `biases on ${present.join(", ")} only`);
}

function rename(file: GgufFile, tensor: GgufTensor, heads: Heads): TensorSource {
	const found = hfName(tensor.name);
	if (!found) throw unsupported(file, `the tensor "${tensor.name}"`);
	const count = found.part === "attn_q" ? heads.query : found.part === "attn_k" ? heads.key : undefined;
	if (count !== undefined && tensor.shape[0] !== count * heads.dim) {
		throw unsupported(file, `tensor "${tensor.name}" with ${tensor.shape[0]} rows for ${count} heads of ${heads.dim}`);
	}
	return { ...tensor, name: found.name, file: 0, ...(count !== undefined && { unpermuteHeads: count }) };
}

function hfName(name: string): { name: string; part: string } | null {
	const global = Object.hasOwn(globalNames, name) ? globalNames[name] : undefined;
	if (global !== undefined) return { name: global, part: "" };
	const match = /^blk\.(0|[1-9]\d{0,4})\.([a-z_]+)\.(weight|bias)$/.exec(name);
	const part = match?.[2] ?? "";
	if (!match || !Object.hasOwn(layerNames, part)) return null;
	return { name: `model.layers.${match[1]}.${layerNames[part]}.${match[3]}`, part };
}

function unsupported(file: GgufFile, what: string): XrightError {
	return new XrightError("WEIGHTS", `${file.path}: this Llama GGUF has ${what}, which is not supported`);
}
