import { readFile } from "node:fs/promises";
import { XrightError } from "../../errors.js";
import { readSafetensorsHeader } from "../../model/safetensors.js";
import { writeDurable } from "../durable.js";

/** Writes named lists of float64 as one safetensors file. */
export async function writeFloat64(path: string, tensors: Record<string, Float64Array>): Promise<void> {
	const header: Record<string, unknown> = {};
	let offset = 0;
	for (const [name, values] of Object.entries(tensors)) {
		const end = offset + values.byteLength;
		header[name] = { dtype: "F64", shape: [values.length], data_offsets: [offset, end] };
		offset = end;
	}
	const text = JSON.stringify(header);
	// Readers want the data aligned to 8 bytes; the format allows trailing spaces.
	const json = Buffer.from(text.padEnd(Math.ceil(Buffer.byteLength(text) / 8) * 8));
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(json.length));
	const bodies = Object.values(tensors).map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength));
	await writeDurable(path, Buffer.concat([length, json, ...bodies]));
}

/** Reads one list back into `target`. Throws CHECKPOINT when it is not there or has another length. */
export async function readFloat64(path: string, name: string, target: Float64Array): Promise<void> {
	const { tensors } = await readSafetensorsHeader(path);
	const found = tensors.find((tensor) => tensor.name === name);
	if (found?.dtype !== "F64" || found.bytes !== target.byteLength) {
		throw new XrightError("CHECKPOINT", `${path} has no tensor "${name}" of ${target.length} float64 values`);
	}
	const bytes = (await readFile(path)).subarray(found.offset, found.offset + found.bytes);
	Buffer.from(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}
