import type { Contender, Job, Measurement, Round } from "./types.js";

/** Names by which trials, bars and tables know the contenders. */
export const OURS = "xright-native";
export const OURS_CACHED = "xright-native, reference cached";
export const TRL = "TRL, defaults";
export const TRL_FAST = "TRL, fastest settings";
export const TORCH = "plain PyTorch loop";
export const LLAMA_CPP = "llama.cpp fine-tuner";

export function ours(name = OURS, job: Partial<Job> = {}): Contender {
	return { name, runner: "train", job };
}

/** TRL as `DPOConfig()` or `SFTConfig()` set it up. */
export function trl(): Contender {
	return { name: TRL, runner: "trl", job: { settings: { fast: false } } };
}

/** Every setting of TRL that may make it faster; where it can, with reference log-probs computed in advance. */
export function trlFast(): Contender {
	return { name: TRL_FAST, runner: "trl", job: { settings: { fast: true }, cachedReference: true } };
}

export function torchLoop(): Contender {
	return { name: TORCH, runner: "torch", job: {} };
}

export function llamaCpp(): Contender {
	return { name: LLAMA_CPP, runner: "llama.cpp", job: { dtype: "float32" } };
}

type Quantity = (measurement: Measurement) => number;

export const speed: Quantity = (measurement) => measurement.rowsPerSecond;
export const memory: Quantity = (measurement) => measurement.peakBytes;

/** One contender's figure over another's within a round. */
export function ratio(quantity: Quantity, name: string, to: string): (round: Round) => number | null {
	return (round) => {
		const [own, other] = [round[name], round[to]];
		return own && other ? quantity(own) / quantity(other) : null;
	};
}
