import { XrightError } from "../../../errors.js";
import type { Weights } from "../../../native/binding.js";
import type { GgufFile } from "../file.js";
import { optionalString } from "../values.js";
import { llama } from "./llama.js";

export interface HfModel {
	/** Equivalent of config.json. */
	config: Record<string, unknown>;
	/** The same tensors under Hugging Face's names. */
	weights: Weights;
}

/** How one `general.architecture` of GGUF maps onto Hugging Face's config and tensor names: one file each. */
export interface GgufArchitecture {
	name: string;
	/** Throws WEIGHTS for metadata or tensors that the mapping does not cover. */
	convert(file: GgufFile): Promise<HfModel>;
}

/** One line for each file of this folder. */
export const architectures: ReadonlyMap<string, GgufArchitecture> = new Map([llama].map((a) => [a.name, a]));

/** Converts by the file's `general.architecture`. Throws UNKNOWN_MODEL when no file here describes it. */
export async function convertGguf(file: GgufFile): Promise<HfModel> {
	const name = optionalString(file, "general.architecture");
	const architecture = name === undefined ? undefined : architectures.get(name);
	if (architecture) return architecture.convert(file);
	throw new XrightError(
		"UNKNOWN_MODEL",
		`${file.path}: GGUF architecture ${JSON.stringify(name ?? null)} is not supported`,
		{
			hint: `Supported: ${[...architectures.keys()].join(", ")}.`,
		},
	);
}
