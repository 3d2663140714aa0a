import { createHash } from "node:crypto";
import { join } from "node:path";
import { XrightError } from "../errors.js";
import type { TensorSource, Weights } from "../native/binding.js";
import { isRecord, readJsonIfPresent } from "./files.js";
import { isSafeFileName } from "./names.js";
import { readSafetensorsHeader } from "./safetensors.js";

const MAX_SHARDS = 4096;

export interface HeaderedWeights {
	weights: Weights;
	/** SHA-256 over the headers of all files, in order. */
	digest: string;
}

/** Tensor table of one safetensors file. Throws WEIGHTS. */
export async function readSingle(path: string): Promise<HeaderedWeights> {
	const { tensors, digest } = await readSafetensorsHeader(path);
	return { weights: { files: [path], tensors }, digest };
}

/**
 * Tensor table of a sharded checkpoint, from its `*.index.json`. Every listed tensor must be in the shard the index
 * names and every tensor of a shard must be listed. Throws WEIGHTS.
 */
export async function readSharded(folder: string, indexName: string): Promise<HeaderedWeights> {
	const indexPath = join(folder, indexName);
	const map = await readWeightMap(indexPath);
	const shards = [...new Set(map.values())].sort();
	if (shards.length > MAX_SHARDS) throw new XrightError("WEIGHTS", `${indexPath}: lists ${shards.length} shards`);
	const files = shards.map((name) => join(folder, name));
	const tensors: TensorSource[] = [];
	const hash = createHash("sha256");
	for (const [file, path] of files.entries()) {
		const header = await readSafetensorsHeader(path);
		hash.update(header.digest);
		for (const tensor of header.tensors) {
			const listed = map.get(tensor.name);
			if (listed !== shards[file]) throw misplaced(indexPath, tensor.name, listed, shards[file] as string);
			map.delete(tensor.name);
			tensors.push({ ...tensor, file });
		}
	}
	for (const [name, shard] of map) {
		throw new XrightError("WEIGHTS", `${indexPath}: tensor "${name}" is not in ${shard}, where the index puts it`);
	}
	return { weights: { files, tensors }, digest: hash.digest("hex") };
}

/** Shard file names an index refers to, checked to be plain names in the same folder. */
export async function shardNames(indexPath: string): Promise<string[]> {
	return [...new Set((await readWeightMap(indexPath)).values())];
}

async function readWeightMap(indexPath: string): Promise<Map<string, string>> {
	const index = await readJsonIfPresent(indexPath, "WEIGHTS");
	if (index === null) throw new XrightError("WEIGHTS", `${indexPath}: no such file`);
	if (!isRecord(index.weight_map)) throw new XrightError("WEIGHTS", `${indexPath}: has no "weight_map" object`);
	const map = new Map<string, string>();
	for (const [tensor, shard] of Object.entries(index.weight_map)) {
		if (typeof shard !== "string" || !isSafeFileName(shard) || !shard.endsWith(".safetensors")) {
			throw new XrightError("WEIGHTS", `${indexPath}: unsafe shard name ${JSON.stringify(shard)} for "${tensor}"`);
		}
		map.set(tensor, shard);
	}
	if (map.size === 0) throw new XrightError("WEIGHTS", `${indexPath}: lists no tensor`);
	return map;
}

function misplaced(indexPath: string, tensor: string, listed: string | undefined, shard: string): XrightError {
	const where = listed === undefined ? "does not list it" : `puts it in ${listed}`;
	return new XrightError("WEIGHTS", `${indexPath}: tensor "${tensor}" is in ${shard}, but the index ${where}`);
}
