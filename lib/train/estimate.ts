import type { RunConfig } from "../config/schema.js";
import type { ModelFiles } from "../model/types.js";
import type { TensorSource } from "../native/binding.js";
import { isTarget } from "./targets.js";

/** Numbers known before anything is loaded. Memory is in bytes and approximate. */
export interface Estimate {
	parameters: number;
	trainable: number;
	memory: { weights: number; trainable: number; activations: number; total: number };
}

/** Trainable parameters, and memory of a micro-batch of `tokens`, from the model's tensor shapes. */
export function estimate(config: RunConfig, model: ModelFiles, tokens: number): Estimate {
	const { tensors } = model.weights;
	const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
	const { adapter } = config;
	const wide = config.model.dtype === "float32";
	const trainable =
		adapter.type === "none"
			? parameters
			: tensors.reduce(
					(sum, tensor) => sum + (isTarget(tensor, adapter.targets) ? loraSize(tensor, adapter.rank) : 0),
					0,
				);
	// float32 gradient and two moments, and the float32 value where the model's own is not.
	const perTrained = adapter.type === "none" && wide ? 12 : 16;
	const memory = {
		weights: parameters * (wide ? 4 : 2),
		trainable: trainable * perTrained,
		activations: activations(config, model.config, tokens),
	};
	return {
		parameters,
		trainable,
		memory: { ...memory, total: memory.weights + memory.trainable + memory.activations },
	};
}

function loraSize({ shape }: TensorSource, rank: number): number {
	return rank * ((shape[0] ?? 0) + (shape[1] ?? 0));
}

/** What a block saves for its backward pass, a token: about 8 vectors of the hidden and 3 of the inner size. */
function activations(config: RunConfig, model: Record<string, unknown>, tokens: number): number {
	const size = (...keys: string[]) => keys.map((key) => model[key]).find((value) => typeof value === "number") ?? 0;
	const bytes = config.model.dtype === "float32" ? 4 : 2;
	const layers = size("num_hidden_layers");
	const hidden = tokens * size("hidden_size") * bytes;
	const inner = tokens * size("intermediate_size", "ffn_dim") * bytes;
	const kept = {
		false: layers * (8 * hidden + 3 * inner),
		selective: layers * 8 * hidden + 3 * inner,
		true: layers * hidden + 8 * hidden + 3 * inner,
	};
	return kept[`${config.train.gradientCheckpointing}`];
}
