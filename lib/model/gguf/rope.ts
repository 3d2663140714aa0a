import { XrightError } from "../../errors.js";
import { openRegular, readExactly } from "../files.js";
import type { GgufFile } from "./file.js";
import { optionalFloat, optionalInteger, optionalString, shortestFloat32 } from "./values.js";

type Scaling = Record<string, unknown>;

/** Constants of every Llama 3.1 to 3.3 release; only `factor` differs (8, or 32 for the 1B and 3B models). */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/**
 * Hugging Face's `rope_scaling` from GGUF's `<arch>.rope.scaling.*` keys or its `rope_freqs.weight` tensor (Llama 3.1's
 * divisors per frequency); undefined when positions are not scaled. Throws WEIGHTS on a scheme it cannot express.
 */
export async function ropeScaling(file: GgufFile, arch: string, headDim: number): Promise<Scaling | undefined> {
	const divisors = await readDivisors(file, headDim);
	const type = optionalString(file, `${arch}.rope.scaling.type`) ?? legacyType(file, arch);
	if (divisors?.some((d) => d !== 1)) {
		if (type !== "none") throw refuse(file, `rope_freqs.weight together with ${type} scaling`);
		return llama3(file, arch, headDim, divisors);
	}
	if (type === "none") return undefined;
	const factor =
		optionalFloat(file, `${arch}.rope.scaling.factor`) ?? optionalFloat(file, `${arch}.rope.scale_linear`) ?? 1;
	if (!(factor > 0)) throw refuse(file, `a rope scaling factor of ${factor}`);
	if (type === "linear") return factor === 1 ? undefined : { rope_type: "linear", factor };
	if (type === "yarn") return yarn(file, arch, factor);
	throw refuse(file, `rope scaling "${type}"`);
}

function legacyType(file: GgufFile, arch: string): string {
	return file.metadata.has(`${arch}.rope.scale_linear`) ? "linear" : "none";
}

function yarn(file: GgufFile, arch: string, factor: number): Scaling {
	const prefix = `${arch}.rope.scaling`;
	for (const [key, usual] of [
		["yarn_ext_factor", 1],
		["yarn_attn_factor", 1],
	] as const) {
		const value = optionalFloat(file, `${prefix}.${key}`);
		if (value !== undefined && value !== usual) throw refuse(file, `${prefix}.${key} ${value}`);
	}
	if (file.metadata.has(`${prefix}.yarn_log_multiplier`)) throw refuse(file, `${prefix}.yarn_log_multiplier`);
	const original = optionalInteger(file, `${prefix}.original_context_length`);
	const fast = optionalFloat(file, `${prefix}.yarn_beta_fast`);
	const slow = optionalFloat(file, `${prefix}.yarn_beta_slow`);
	return {
		rope_type: "yarn",
		factor,
		...(original !== undefined && { original_max_position_embeddings: original }),
		...(fast !== undefined && { beta_fast: fast }),
		...(slow !== undefined && { beta_slow: slow }),
	};
}

/** Finds the `factor` whose Llama 3.1 divisors are the stored ones. */
function llama3(file: GgufFile, arch: string, headDim: number, divisors: number[]): Scaling {
	const theta = optionalFloat(file, `${arch}.rope.freq_base`) ?? 10000;
	const factor = shortestFloat32(Math.max(...divisors));
	const expected = llama3Divisors(theta, headDim, factor);
	if (divisors.some((d, i) => Math.abs(d / (expected[i] as number) - 1) > 1e-3)) {
		throw refuse(file, "rotary divisors (rope_freqs.weight) other than Llama 3.1's");
	}
	return { rope_type: "llama3", factor, ...LLAMA3 };
}

/** What each of the headDim / 2 rotary frequencies is divided by (Llama 3.1's rule, as llama.cpp stores it). */
export function llama3Divisors(theta: number, headDim: number, factor: number): number[] {
	const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = LLAMA3;
	return Array.from({ length: headDim / 2 }, (_, i) => {
		const wavelength = 2 * Math.PI * theta ** ((2 * i) / headDim);
		if (wavelength < context / high) return 1;
		if (wavelength > context / low) return factor;
		const smooth = (context / wavelength - low) / (high - low);
		return 1 / ((1 - smooth) / factor + smooth);
	});
}

async function readDivisors(file: GgufFile, headDim: number): Promise<number[] | undefined> {
	const tensor = file.tensors.find((t) => t.name === "rope_freqs.weight");
	if (!tensor) return undefined;
	if (tensor.dtype !== "F32" || tensor.bytes !== headDim * 2) {
		throw refuse(file, `rope_freqs.weight of ${tensor.dtype} [${tensor.shape}], not F32 [${headDim / 2}]`);
	}
	const { handle } = await openRegular(file.path);
	try {
		const bytes = await readExactly(handle, file.path, tensor.offset, tensor.bytes);
		return Array.from({ length: headDim / 2 }, (_, i) => bytes.readFloatLE(i * 4));
	} finally {
		await handle.close();
	}
}

function refuse(file: GgufFile, what: string): XrightError {
	return new XrightError("WEIGHTS", `${file.path}: this GGUF has ${what}, which is not supported`);
}
