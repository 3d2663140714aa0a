import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { XrightError } from "../../errors.js";
import { openRegular, readExactly } from "../files.js";
import { type GgufMetadata, type GgufValue, readKeyCount, readMetadata } from "./metadata.js";
import { ByteReader } from "./reader.js";
import { type GgufTensor, placeTensors, readTensorCount, readTensorTable } from "./tensors.js";

const MAGIC = 0x46554747;
const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 65_536;
/** Metadata and tensor table of the largest vocabularies take some 20 MB. */
const MAX_HEADER = 128 * 1024 * 1024;

export interface GgufFile {
	path: string;
	size: number;
	metadata: GgufMetadata;
	tensors: GgufTensor[];
	/** SHA-256 of everything before the tensor data. */
	digest: string;
}

/**
 * Reads metadata and tensor table of a GGUF file (version 2 or 3, little-endian), through a small window; tensor data
 * is not touched. Throws WEIGHTS naming file, key or tensor for anything malformed.
 */
export async function readGguf(path: string): Promise<GgufFile> {
	const { handle, size } = await openRegular(path);
	try {
		const reader = new ByteReader(path, handle.fd, size, MAX_HEADER);
		if (size < 24 || reader.u32() !== MAGIC) throw new XrightError("WEIGHTS", `${path}: not a GGUF file`);
		checkVersion(reader);
		const tensorCount = readTensorCount(reader);
		const metadata = readMetadata(reader, readKeyCount(reader));
		refuseSplit(path, metadata);
		const tensors = readTensorTable(reader, tensorCount);
		const align = alignment(path, metadata.get("general.alignment"));
		placeTensors(path, tensors, Math.ceil(reader.position / align) * align, align, size);
		return { path, size, metadata, tensors, digest: await digestStart(handle, path, reader.position) };
	} finally {
		await handle.close();
	}
}

function checkVersion(reader: ByteReader): void {
	const version = reader.u32();
	if (version === 2 || version === 3) return;
	const bigEndian = (version & 0xffff) === 0 && version !== 0;
	throw new XrightError(
		"WEIGHTS",
		`${reader.path}: GGUF ${bigEndian ? "big-endian" : `version ${version}`} is not supported`,
		{
			hint: "Convert the model again with a current llama.cpp (little-endian GGUF version 3).",
		},
	);
}

function alignment(path: string, value: GgufValue | undefined): number {
	if (value === undefined) return DEFAULT_ALIGNMENT;
	const valid = typeof value === "number" && Number.isInteger(value) && value > 0 && value <= MAX_ALIGNMENT;
	if (!valid || (value & (value - 1)) !== 0) {
		throw new XrightError("WEIGHTS", `${path}: general.alignment must be a power of two up to ${MAX_ALIGNMENT}`);
	}
	return value;
}

function refuseSplit(path: string, metadata: GgufMetadata): void {
	const parts = metadata.get("split.count");
	if (typeof parts !== "number" || parts <= 1) return;
	throw new XrightError("WEIGHTS", `${path}: is one of ${parts} parts of a split GGUF`, {
		hint: "Join the parts with llama-gguf-split --merge and use the joined file.",
	});
}

async function digestStart(handle: FileHandle, path: string, length: number): Promise<string> {
	const hash = createHash("sha256");
	const chunk = 1 << 20;
	for (let at = 0; at < length; at += chunk) {
		hash.update(await readExactly(handle, path, at, Math.min(chunk, length - at)));
	}
	return hash.digest("hex");
}
