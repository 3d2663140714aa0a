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

/** Reads one list back. Throws CHECKPOINT when it is not there or has another length. */
export async function readFloat64(path: string, name: string, length: number): Promise<Float64Array> {
	const { tensors } = await readSafetensorsHeader(path);
	const found = tensors.find((tensor) => tensor.name === name);
	if (found?.dtype !== "F64" || found.bytes !== 8 * length) {
		throw new XrightError("CHECKPOINT", `${path} has no tensor "${name}" of ${length} float64 values`);
	}
	const bytes = (await readFile(path)).subarray(found.offset, found.offset + found.bytes);
	const values = new Float64Array(length);
	Buffer.from(values.buffer).set(bytes);
	return values;
}
