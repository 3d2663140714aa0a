import type { FileHandle } from "node:fs/promises";
import { XrightError } from "../errors.js";
import { decodeUtf8, readExactly } from "./files.js";
import { isSafeRelativePath } from "./names.js";

export interface ZipEntry {
	name: string;
	/** 0 stored, 8 deflated. */
	method: number;
	packed: number;
	size: number;
	/** First byte of the packed data. */
	offset: number;
}

const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_ENTRIES = 10_000;
const MAX_RATIO = 1000;
const SYMLINK = 0o120000;

/**
 * Entries of a zip archive whose central directory and local headers say the same. Refuses names that leave the
 * folder, symbolic links, duplicates, encryption, zip64, comments, absurd ratios. Throws WEIGHTS.
 */
export async function readZip(handle: FileHandle, path: string, size: number): Promise<Map<string, ZipEntry>> {
	if (size < END_BYTES) throw bad(path, "too small");
	const end = await readExactly(handle, path, size - END_BYTES, END_BYTES);
	const [count, length, start] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
	if (end.readUInt32LE(0) !== 0x06054b50 || end.readUInt16LE(20) !== 0)
		throw bad(path, "no end record in its last bytes");
	if (count > MAX_ENTRIES || end.readUInt16LE(8) !== count || start + length !== size - END_BYTES) {
		throw bad(path, "the central directory is not where the end record puts it");
	}
	const directory = await readExactly(handle, path, start, length);
	const entries = new Map<string, ZipEntry>();
	let at = 0;
	for (let i = 0; i < count; i++) {
		if (at + CENTRAL_BYTES > length) throw bad(path, "the central directory is cut off");
		const { entry, next } = await readEntry(handle, path, directory, at, start);
		if (entries.has(entry.name)) throw bad(path, `${entry.name} is there twice`);
		entries.set(entry.name, entry);
		at = next;
	}
	if (at !== length) throw bad(path, "bytes follow the central directory's entries");
	return entries;
}

async function readEntry(handle: FileHandle, path: string, directory: Buffer, at: number, limit: number) {
	const nameBytes = directory.readUInt16LE(at + 28);
	const next = at + CENTRAL_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
	if (directory.readUInt32LE(at) !== 0x02014b50 || next > directory.length)
		throw bad(path, "a damaged directory entry");
	const rawName = directory.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
	const name = decodeUtf8(rawName);
	if (name === null || !isSafeRelativePath(name.replace(/\/$/, ""))) {
		throw bad(path, `the unsafe name ${JSON.stringify(name)}`);
	}
	const [flags, method] = [directory.readUInt16LE(at + 8), directory.readUInt16LE(at + 10)];
	const [packed, size] = [directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 24)];
	const mode = directory.readUInt32LE(at + 38) >>> 16;
	if ((mode & 0o170000) === SYMLINK) throw bad(path, `${name} is a symbolic link`);
	if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) throw bad(path, `${name} is packed in an unknown way`);
	if (packed === 0xffffffff || size === 0xffffffff) throw bad(path, `${name} needs zip64`);
	if (size > packed * MAX_RATIO + 1024 || (method === 0 && size !== packed))
		throw bad(path, `${name} claims ${size} bytes`);
	const header = directory.readUInt32LE(at + 42);
	if (header + LOCAL_BYTES > limit) throw bad(path, `${name} lies outside the archive`);
	const local = await readExactly(handle, path, header, LOCAL_BYTES);
	const localName = await readExactly(handle, path, header + LOCAL_BYTES, local.readUInt16LE(26));
	const offset = header + LOCAL_BYTES + localName.length + local.readUInt16LE(28);
	const sizesLater = (flags & 8) !== 0;
	const same =
		local.readUInt32LE(0) === 0x04034b50 &&
		localName.equals(rawName) &&
		local.readUInt16LE(8) === method &&
		(sizesLater || (local.readUInt32LE(18) === packed && local.readUInt32LE(22) === size));
	if (!same) throw bad(path, `${name} is described in two different ways`);
	if (offset + packed > limit) throw bad(path, `${name} lies outside the archive`);
	return { entry: { name, method, packed, size, offset }, next };
}

function bad(path: string, why: string): XrightError {
	return new XrightError("WEIGHTS", `${path}: refused this archive: ${why}`);
}
