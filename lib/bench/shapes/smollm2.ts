import type { Shape, ShapeTensor } from "./types.js";

const [hidden, inner, keyValue, vocabulary, layers] = [576, 1536, 192, 49152, 30];

/** SmolLM2-135M. */
export const smollm2: Shape = {
	config: {
		architectures: ["LlamaForCausalLM"],
		model_type: "llama",
		vocab_size: vocabulary,
		hidden_size: hidden,
		intermediate_size: inner,
		num_hidden_layers: layers,
		num_attention_heads: 9,
		num_key_value_heads: 3,
		hidden_act: "silu",
		max_position_embeddings: 8192,
		rms_norm_eps: 1e-5,
		rope_theta: 100000,
		tie_word_embeddings: true,
		torch_dtype: "bfloat16",
	},
	tensors: [
		{ name: "model.embed_tokens.weight", shape: [vocabulary, hidden] },
		...Array.from({ length: layers }, (_, layer) => block(`model.layers.${layer}`)).flat(),
		{ name: "model.norm.weight", shape: [hidden] },
	],
};

function block(at: string): ShapeTensor[] {
	return [
		{ name: `${at}.input_layernorm.weight`, shape: [hidden] },
		{ name: `${at}.post_attention_layernorm.weight`, shape: [hidden] },
		{ name: `${at}.self_attn.q_proj.weight`, shape: [hidden, hidden] },
		{ name: `${at}.self_attn.k_proj.weight`, shape: [keyValue, hidden] },
		{ name: `${at}.self_attn.v_proj.weight`, shape: [keyValue, hidden] },
		{ name: `${at}.self_attn.o_proj.weight`, shape: [hidden, hidden] },
		{ name: `${at}.mlp.gate_proj.weight`, shape: [inner, hidden] },
		{ name: `${at}.mlp.up_proj.weight`, shape: [inner, hidden] },
		{ name: `${at}.mlp.down_proj.weight`, shape: [hidden, inner] },
	];
}
