import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { packRows } from "../../lib/data/pack.js";
import type { PreferenceRow, SftRow } from "../../lib/data/types.js";
import { readAdapter } from "../../lib/model/adapter.js";
import { readModelFolder } from "../../lib/model/folder.js";
import type { AdapterSpec, LoadSpec } from "../../lib/native/binding.js";
import { openSession, type Session } from "../../lib/native/session.js";

/** Made by test/fixtures/parity/make.py with transformers and PEFT. */
export function fixture(name: string): string {
	return fileURLToPath(new URL(`../fixtures/parity/${name}`, import.meta.url));
}

export function expected<T>(name: string): T {
	return JSON.parse(readFileSync(fixture(name), "utf8")) as T;
}

export interface RowLogps {
	pairs: [number, number][];
	sft: number[];
}

/** A variant is another config.json for the weights of one of the folders. */
const variantWeights: Record<string, string> = { "neox-hub": "neox-parallel", "gemma3-hub": "gemma3" };
const ropeWeights = "mha-tied";

const written = expected<{
	pairs: { prompt: number[]; chosen: number[]; rejected: number[] }[];
	sft: { prompt: number[]; response: number[] }[];
}>("rows.json");

export const pairs: PreferenceRow[] = written.pairs.map(({ prompt, chosen, rejected }) => ({
	prompt: Int32Array.from(prompt),
	chosen: Int32Array.from(chosen),
	rejected: Int32Array.from(rejected),
}));

export const sft: SftRow[] = written.sft.map(({ prompt, response }) => ({
	prompt: Int32Array.from(prompt),
	response: Int32Array.from(response),
}));

export interface OpenOptions {
	adapter?: AdapterSpec;
	train?: LoadSpec["train"];
	gradientCheckpointing?: LoadSpec["gradientCheckpointing"];
	/** What the tensors are called instead. */
	rename?: (name: string) => string;
	/** Keys of config.json that are others. */
	changes?: Record<string, unknown>;
}

/** A float32 session on the CPU with a tiny model, or a variant of one. */
export async function openTiny(name: string, options: OpenOptions = {}): Promise<Session> {
	const { adapter, train = "none", gradientCheckpointing = false, rename = (name) => name, changes } = options;
	const folder = existsSync(fixture(name)) ? name : (variantWeights[name] ?? ropeWeights);
	const model = await readModelFolder(folder, fixture(folder));
	const config = folder === name ? model.config : expected<Record<string, unknown>>(`${name}.config.json`);
	const tensors = model.weights.tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) }));
	const session = await openSession();
	await session.load({
		config: { ...config, ...changes },
		dtype: "float32",
		device: "cpu",
		threads: 1,
		weights: { ...model.weights, tensors },
		adapter: adapter ?? null,
		train,
		gradientCheckpointing,
	});
	return session;
}

/** What PEFT saved, as the session takes it. */
export async function peftAdapter(folder: string): Promise<AdapterSpec> {
	const { config, weights } = await readAdapter(folder);
	const { rank, alpha, rsLora, targets } = config;
	return { rank, alpha, dropout: 0, rsLora, targets, seed: 1, weights };
}

/** Log-probs of every row of rows.json, all pairs in one batch and all SFT rows in another. */
export async function rowLogps(session: Session): Promise<RowLogps> {
	const pairLogps = (await session.score(packRows("preference", pairs), "current")).logps;
	const sftLogps = (await session.score(packRows("sft", sft), "current")).logps;
	return {
		pairs: pairs.map((_, index) => [pairLogps[2 * index]!, pairLogps[2 * index + 1]!]),
		sft: [...sftLogps],
	};
}

/** Largest difference between the row log-probs of two results. */
export function worst(a: RowLogps, b: RowLogps): number {
	const flat = (value: RowLogps) => [...value.pairs.flat(), ...value.sft];
	const other = flat(b);
	return Math.max(...flat(a).map((value, index) => Math.abs(value - other[index]!)));
}
