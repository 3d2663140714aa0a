import { XrightError } from "../../errors.js";
import type { ByteReader } from "./reader.js";
import { ggmlTypes, otherTypes } from "./types.js";

export interface GgufTensor {
	/** llama.cpp's name, for example `blk.0.attn_q.weight`. */
	name: string;
	dtype: string;
	/** Row-major, outermost first. */
	shape: number[];
	/** Absolute byte offset. */
	offset: number;
	bytes: number;
}

const MAX_TENSORS = 65_536;
const MAX_NAME_BYTES = 64;
const MAX_DIMS = 4;
/** Name length, number of dimensions, one dimension, type, offset. */
const SMALLEST_ENTRY = 8 + 4 + 8 + 4 + 8;

/** Number of tensors, refused when the file could not even hold their descriptions. */
export function readTensorCount(reader: ByteReader): number {
	return reader.count("the number of tensors", Math.min(MAX_TENSORS, Math.floor(reader.remaining / SMALLEST_ENTRY)));
}

/** Reads the tensor table; offsets are still relative to the data section. Throws WEIGHTS. */
export function readTensorTable(reader: ByteReader, count: number): GgufTensor[] {
	const names = new Set<string>();
	const tensors: GgufTensor[] = [];
	for (let i = 0; i < count; i++) {
		const name = reader.string(`the name of tensor ${i}`, MAX_NAME_BYTES);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach a terminal
		if (name === "" || /[\u0000-\u001f\u007f]/.test(name)) throw reader.fail(`tensor ${i} has an unusable name`);
		if (names.has(name)) throw reader.fail(`the tensor "${name}" is there twice`);
		names.add(name);
		tensors.push(readEntry(reader, name));
	}
	return tensors;
}

function readEntry(reader: ByteReader, name: string): GgufTensor {
	const dims = reader.u32();
	if (dims < 1 || dims > MAX_DIMS) throw reader.fail(`tensor "${name}" has ${dims} dimensions`);
	const shape: number[] = [];
	for (let d = 0; d < dims; d++) {
		const extent = reader.count(`dimension ${d} of "${name}"`, Number.MAX_SAFE_INTEGER);
		if (extent === 0) throw reader.fail(`dimension ${d} of "${name}" is 0`);
		shape.push(extent);
	}
	const code = reader.u32();
	const type = ggmlTypes.get(code);
	if (!type) throw unreadable(reader.path, name, code);
	if ((shape[0] as number) % type.block !== 0) {
		throw reader.fail(
			`rows of "${name}" have ${shape[0]} elements, no multiple of ${type.name}'s block of ${type.block}`,
		);
	}
	const elements = shape.reduce((product, extent) => product * BigInt(extent), 1n);
	const bytes = (elements / BigInt(type.block)) * BigInt(type.bytes);
	if (bytes > BigInt(reader.size))
		throw reader.fail(`tensor "${name}" claims ${bytes} bytes, the file has ${reader.size}`);
	const offset = reader.count(`the offset of "${name}"`, reader.size);
	return { name, dtype: type.name, shape: shape.reverse(), offset, bytes: Number(bytes) };
}

/** Makes offsets absolute and checks that every tensor is aligned, inside the file, and overlaps no other. */
export function placeTensors(
	path: string,
	tensors: GgufTensor[],
	dataStart: number,
	align: number,
	size: number,
): void {
	const fail = (why: string) =>
		new XrightError("WEIGHTS", `${path}: ${why}`, { hint: "The file is damaged; download or convert it again." });
	let end = dataStart;
	for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
		if (tensor.offset % align !== 0) throw fail(`tensor "${tensor.name}" is not aligned to ${align} bytes`);
		tensor.offset += dataStart;
		if (tensor.offset < end) throw fail(`tensor "${tensor.name}" overlaps the tensor before it`);
		end = tensor.offset + tensor.bytes;
		if (end > size) throw fail(`tensor "${tensor.name}" ends at byte ${end}, the file has ${size}`);
	}
}

function unreadable(path: string, name: string, code: number): XrightError {
	const known = [...ggmlTypes.values()].map((type) => type.name).join(", ");
	const type = otherTypes.get(code) ?? `number ${code}`;
	return new XrightError("WEIGHTS", `${path}: tensor "${name}" has the GGML type ${type}, which is not supported`, {
		hint: `Use a file whose tensors are ${known}.`,
	});
}
