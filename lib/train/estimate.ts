import type { RunConfig } from "../config/schema.js";
import type { ModelFiles } from "../model/types.js";
import type { TensorSource } from "../native/binding.js";

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
					(sum, tensor) => sum + (carries(tensor, adapter.targets) ? loraSize(tensor, adapter.rank) : 0),
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

/** Whether the module of this weight matches the targets as PEFT matches them. */
function carries({ name, shape }: TensorSource, targets: string[] | "all-linear"): boolean {
	if (shape.length !== 2 || !name.endsWith(".weight")) return false;
	const module = name.slice(0, -".weight".length);
	if (targets === "all-linear") return /\.\d+\./.test(module);
	return targets.some((target) => module === target || module.endsWith(`.${target}`));
}

/** What a block saves for its backward pass, a token: about 8 vectors of the hidden and 3 of the inner size. */
function activations(config: RunConfig, model: Record<string, unknown>, tokens: number): number {
	const size = (key: string) => (typeof model[key] === "number" ? model[key] : 0);
	const bytes = config.model.dtype === "float32" ? 4 : 2;
	const [hidden, inner, layers] = [size("hidden_size"), size("intermediate_size"), size("num_hidden_layers")];
	const block = tokens * (8 * hidden + 3 * inner) * bytes;
	return config.train.gradientCheckpointing ? block + layers * tokens * hidden * bytes : layers * block;
}
