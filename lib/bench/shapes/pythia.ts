import type { Shape, ShapeTensor } from "./types.js";

const vocabulary = 50304;

export const pythia160m: Shape = pythia(12, 768, 12);
export const pythia1b: Shape = pythia(16, 2048, 8);

function pythia(layers: number, hidden: number, heads: number): Shape {
	const blocks = Array.from({ length: layers }, (_, layer) => block(`gpt_neox.layers.${layer}`, hidden));
	return {
		config: {
			architectures: ["GPTNeoXForCausalLM"],
			model_type: "gpt_neox",
			vocab_size: vocabulary,
			hidden_size: hidden,
			intermediate_size: 4 * hidden,
			num_hidden_layers: layers,
			num_attention_heads: heads,
			hidden_act: "gelu",
			max_position_embeddings: 2048,
			layer_norm_eps: 1e-5,
			rotary_pct: 0.25,
			rotary_emb_base: 10000,
			use_parallel_residual: true,
			tie_word_embeddings: false,
			torch_dtype: "bfloat16",
		},
		tensors: [
			{ name: "gpt_neox.embed_in.weight", shape: [vocabulary, hidden] },
			...blocks.flat(),
			...affine("gpt_neox.final_layer_norm", [hidden]),
			{ name: "embed_out.weight", shape: [vocabulary, hidden] },
		],
	};
}

function block(at: string, hidden: number): ShapeTensor[] {
	return [
		...affine(`${at}.input_layernorm`, [hidden]),
		...affine(`${at}.post_attention_layernorm`, [hidden]),
		...affine(`${at}.attention.query_key_value`, [3 * hidden, hidden]),
		...affine(`${at}.attention.dense`, [hidden, hidden]),
		...affine(`${at}.mlp.dense_h_to_4h`, [4 * hidden, hidden]),
		...affine(`${at}.mlp.dense_4h_to_h`, [hidden, 4 * hidden]),
	];
}

/** A weight with its bias. */
function affine(name: string, shape: number[]): ShapeTensor[] {
	return [
		{ name: `${name}.weight`, shape },
		{ name: `${name}.bias`, shape: shape.slice(0, 1) },
	];
}
