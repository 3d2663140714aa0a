import { createHash } from "node:crypto";
import { XrightError } from "../errors.js";
import type { TensorSource } from "../native/binding.js";
import { decodeUtf8, isRecord, openRegular, readExactly } from "./files.js";
import { duplicateKey } from "./json.js";

/** Largest header the format allows, in bytes. */
const MAX_HEADER = 100_000_000;
const MAX_NAME = 4096;
const MAX_DIMS = 32;

/** Bits an element takes. */
const dtypeBits = new Map<string, number>([
	["F4", 4],
	["F6_E2M3", 6],
	["F6_E3M2", 6],
	...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"].map((d) => [d, 8] as const),
	...["I16", "U16", "F16", "BF16"].map((d) => [d, 16] as const),
	...["I32", "U32", "F32"].map((d) => [d, 32] as const),
	...["I64", "U64", "F64", "C64"].map((d) => [d, 64] as const),
]);

export interface SafetensorsHeader {
	/** Tensors in file order; `file` is 0, offsets are absolute. */
	tensors: TensorSource[];
	metadata: Record<string, string>;
	/** SHA-256 of the header bytes. */
	digest: string;
	/** File size in bytes. */
	size: number;
}

/**
 * Reads and checks the header of a safetensors file: every byte of the file belongs to exactly one tensor, and every
 * tensor's size is its shape times its dtype. Nothing larger than the header is read or allocated. Throws WEIGHTS.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
	const { handle, size } = await openRegular(path);
	try {
		if (size < 8) throw bad(path, `${size} bytes, too small for a safetensors file`);
		const length = (await readExactly(handle, path, 0, 8)).readBigUInt64LE();
		if (length > BigInt(MAX_HEADER)) throw bad(path, `the header claims ${length} bytes, more than ${MAX_HEADER}`);
		if (length > BigInt(size - 8)) throw bad(path, `the header claims ${length} bytes, the file has ${size}`);
		const bytes = await readExactly(handle, path, 8, Number(length));
		const { tensors, metadata } = parseHeader(path, bytes, size);
		return { tensors, metadata, digest: createHash("sha256").update(bytes).digest("hex"), size };
	} finally {
		await handle.close();
	}
}

function parseHeader(path: string, bytes: Uint8Array, size: number) {
	const text = decodeUtf8(bytes);
	if (text === null) throw bad(path, "the header is not UTF-8");
	let header: unknown;
	try {
		header = JSON.parse(text);
	} catch (cause) {
		throw bad(path, `the header is not JSON (${(cause as Error).message})`);
	}
	if (!isRecord(header)) throw bad(path, "the header is not a JSON object");
	const twice = duplicateKey(text);
	if (twice !== null) throw bad(path, `the header has the key ${show(twice)} twice`);
	const start = 8 + bytes.length;
	const tensors: TensorSource[] = [];
	let metadata: Record<string, string> = {};
	for (const [name, entry] of Object.entries(header)) {
		if (name === "__metadata__") metadata = parseMetadata(path, entry);
		else tensors.push(parseTensor(path, name, entry, start));
	}
	tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
	checkContiguous(path, tensors, start, size);
	return { tensors, metadata };
}

function parseMetadata(path: string, entry: unknown): Record<string, string> {
	if (!isRecord(entry)) throw bad(path, "__metadata__ must map strings to strings");
	for (const [key, value] of Object.entries(entry)) {
		if (typeof value !== "string") throw bad(path, `__metadata__ key ${show(key)} must be a string`);
	}
	return entry as Record<string, string>;
}

function parseTensor(path: string, name: string, entry: unknown, start: number): TensorSource {
	const fail = (why: string) => bad(path, `tensor ${show(name)} ${why}`);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal or a file name
	if (name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name)) throw fail("has an unusable name");
	if (!isRecord(entry)) throw fail("is not described by an object");
	const { dtype, shape, data_offsets: offsets } = entry;
	const bits = typeof dtype === "string" ? dtypeBits.get(dtype) : undefined;
	if (bits === undefined) throw fail(`has the unknown dtype ${show(String(dtype))}`);
	if (!isSizes(shape) || shape.length > MAX_DIMS) throw fail("has an invalid shape");
	if (!isSizes(offsets) || offsets.length !== 2) throw fail("has invalid data_offsets");
	const [begin, end] = offsets as [number, number];
	if (end < begin) throw fail(`ends (${end}) before it begins (${begin})`);
	const total = shape.reduce((product, size) => product * BigInt(size), 1n) * BigInt(bits);
	if (total % 8n !== 0n) throw fail(`of ${dtype} does not fill whole bytes`);
	if (total / 8n !== BigInt(end - begin)) {
		throw fail(`of shape [${shape}] and dtype ${dtype} needs ${total / 8n} bytes, its offsets span ${end - begin}`);
	}
	return { name, dtype: dtype as string, shape, file: 0, offset: start + begin, bytes: end - begin };
}

function isSizes(value: unknown): value is number[] {
	return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** No hole, no overlap, no trailing bytes: otherwise the file could be a valid file of another format as well. */
function checkContiguous(path: string, tensors: TensorSource[], start: number, size: number): void {
	let at = start;
	for (const tensor of tensors) {
		if (tensor.offset !== at) {
			const why = tensor.offset < at ? "overlaps the tensor before it" : "leaves a hole before it";
			throw bad(path, `tensor ${show(tensor.name)} ${why} (offset ${tensor.offset - start}, expected ${at - start})`);
		}
		at += tensor.bytes;
		if (at > size) throw bad(path, `tensor ${show(tensor.name)} ends at byte ${at}, the file has ${size}`);
	}
	if (at !== size) throw bad(path, `${size - at} bytes follow the last tensor`);
}

function show(name: string): string {
	return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function bad(path: string, why: string): XrightError {
	return new XrightError("WEIGHTS", `${path}: ${why}`, {
		hint: "The file is damaged or not safetensors; download or save it again.",
	});
}
