import { join } from "node:path";
import type { RunConfig } from "../config/schema.js";
import { peftAdapterConfig } from "../model/adapter-config.js";
import { readSingle } from "../model/shards.js";
import type { ModelFiles } from "../model/types.js";
import { writeAdapterConfig, writeModelFiles } from "../model/write.js";
import type { ModelInfo, NativeSession, StateKind } from "../native/binding.js";

/** What is trained, and the files it is saved as. */
export interface TrainedWeights {
	/** Name of the result's folder in the run folder. */
	folder: "adapter" | "model";
	/** Tensor files of a checkpoint, by kind. */
	files: Partial<Record<StateKind, string>>;
	/** Writes the weights as others read them (PEFT's or Hugging Face's layout) into an existing folder. */
	write(folder: string): Promise<void>;
}

export function trainedWeights(
	session: NativeSession,
	config: RunConfig,
	model: ModelFiles,
	info: ModelInfo,
): TrainedWeights {
	const { adapter } = config;
	if (adapter.type === "none") {
		const name = "model.safetensors";
		return {
			folder: "model",
			files: { model: name, optimizer: "optimizer.safetensors" },
			async write(folder) {
				await writeModelFiles(folder, model, config.model.dtype);
				await session.save("model", join(folder, name));
			},
		};
	}
	const name = "adapter_model.safetensors";
	const targets = adapter.targets === "all-linear" ? info.adapted : adapter.targets;
	return {
		folder: "adapter",
		files: { adapter: name, optimizer: "optimizer.safetensors", reference: "reference.safetensors" },
		async write(folder) {
			await writeAdapterConfig(folder, peftAdapterConfig(adapter, model.source, targets));
			await session.save("adapter", join(folder, name));
		},
	};
}

/** Writes the tensors that `write` does not: optimiser state and reference snapshot. */
export async function saveState(session: NativeSession, trained: TrainedWeights, folder: string): Promise<void> {
	for (const kind of ["optimizer", "reference"] as const) {
		const name = trained.files[kind];
		if (name !== undefined) await session.save(kind, join(folder, name));
	}
}

/** Reads all tensors of a checkpoint back. */
export async function restoreWeights(session: NativeSession, trained: TrainedWeights, folder: string): Promise<void> {
	for (const [kind, name] of Object.entries(trained.files) as [StateKind, string][]) {
		const { weights } = await readSingle(join(folder, name));
		// A reference without tensors is the bare model, which is what the session starts with.
		if (weights.tensors.length > 0) await session.restore(kind, weights);
	}
}
