import { type FileHandle, open } from "node:fs/promises";
import type { XrightError } from "../errors.js";

/** Makes the error for an archive that is damaged or hostile, from the reason. */
export type Broken = (reason: string) => XrightError;

/** One file of a ZIP archive, as its central directory describes it. */
export interface ZipEntry {
	name: string;
	/** 0 stored, 8 deflated. */
	method: number;
	crc32: number;
	compressed: number;
	size: number;
	/** Byte offset of the local header. */
	offset: number;
	/** Unix mode, 0 when the archive has none. */
	mode: number;
}

const maxEntries = 200_000;
const maxDirectoryBytes = 64 << 20;
const maxTotalBytes = 20e9;

/**
 * Reads and checks the central directory. Names that leave the target folder, links, duplicates, encryption and absurd
 * sizes are refused here, before anything is written.
 * @throws what `broken` makes, naming the entry
 */
export async function readZipDirectory(handle: FileHandle, broken: Broken): Promise<ZipEntry[]> {
	const { size } = await handle.stat();
	const { offset, bytes, count } = await locateDirectory(handle, size, broken);
	if (count > maxEntries || bytes > maxDirectoryBytes || offset + bytes > size) {
		throw broken("its directory does not fit into the file");
	}
	const directory = await readExactly(handle, offset, bytes, broken);
	const entries: ZipEntry[] = [];
	const seen = new Set<string>();
	let total = 0;
	for (let at = 0; entries.length < count; ) {
		const entry = parseEntry(directory, at, broken);
		at = entry.next;
		checkEntry(entry, offset, broken);
		const key = entry.name.replace(/\/$/, "");
		if (seen.has(key)) throw broken(`it lists '${entry.name}' twice`);
		seen.add(key);
		total += entry.size;
		if (total > maxTotalBytes) throw broken(`it would unpack to more than ${maxTotalBytes / 1e9} GB`);
		entries.push(entry);
	}
	return entries;
}

/** Offset of the entry's data, after its local header, whose name must agree with the directory. */
export async function dataOffset(handle: FileHandle, entry: ZipEntry, broken: Broken): Promise<number> {
	const header = await readExactly(handle, entry.offset, 30, broken);
	if (header.readUInt32LE(0) !== 0x04034b50) throw broken(`'${entry.name}' has no header`);
	const nameBytes = header.readUInt16LE(26);
	const name = (await readExactly(handle, entry.offset + 30, nameBytes, broken)).toString("utf8");
	if (name !== entry.name) throw broken(`'${entry.name}' is called '${name}' in its header`);
	return entry.offset + 30 + nameBytes + header.readUInt16LE(28);
}

interface Directory {
	offset: number;
	bytes: number;
	count: number;
}

async function locateDirectory(handle: FileHandle, size: number, broken: Broken): Promise<Directory> {
	const tailBytes = Math.min(size, 22 + 0xffff);
	const tail = await readExactly(handle, size - tailBytes, tailBytes, broken);
	const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
	if (end < 0 || end + 22 > tail.length) throw broken("it is truncated or no ZIP file");
	const found = {
		count: tail.readUInt16LE(end + 10),
		bytes: tail.readUInt32LE(end + 12),
		offset: tail.readUInt32LE(end + 16),
	};
	if (found.count !== 0xffff && found.bytes !== 0xffffffff && found.offset !== 0xffffffff) return found;
	const locator = end - 20;
	if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) return found;
	const at = Number(tail.readBigUInt64LE(locator + 8));
	const record = await readExactly(handle, at, 56, broken);
	if (record.readUInt32LE(0) !== 0x06064b50) throw broken("its ZIP64 directory is damaged");
	const [count, bytes, offset] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field)));
	return { count: count!, bytes: bytes!, offset: offset! };
}

function parseEntry(directory: Buffer, at: number, broken: Broken): ZipEntry & { next: number; encrypted: boolean } {
	if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) throw broken("its directory is damaged");
	const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
	const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
	const next = extraEnd + directory.readUInt16LE(at + 32);
	if (next > directory.length) throw broken("its directory is damaged");
	const entry = {
		name: directory.toString("utf8", at + 46, nameEnd),
		encrypted: (directory.readUInt16LE(at + 8) & 1) !== 0,
		method: directory.readUInt16LE(at + 10),
		crc32: directory.readUInt32LE(at + 16),
		compressed: directory.readUInt32LE(at + 20),
		size: directory.readUInt32LE(at + 24),
		offset: directory.readUInt32LE(at + 42),
		mode: directory.readUInt32LE(at + 38) >>> 16,
		next,
	};
	readZip64(entry, directory.subarray(nameEnd, extraEnd));
	return entry;
}

/** Sizes beyond 4 GB live in extra field 1, in this order, each only if its 32-bit field is all ones. */
function readZip64(entry: ZipEntry, extra: Buffer): void {
	for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
		if (extra.readUInt16LE(at) !== 1) continue;
		const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2));
		let field = at + 4;
		for (const key of ["size", "compressed", "offset"] as const) {
			if (entry[key] !== 0xffffffff || field + 8 > end) continue;
			entry[key] = Number(extra.readBigUInt64LE(field));
			field += 8;
		}
	}
}

function checkEntry(entry: ZipEntry & { encrypted: boolean }, end: number, broken: Broken): void {
	const { name } = entry;
	const parts = name.replace(/\/$/, "").split("/");
	const unsafe = parts.some((part) => part === "" || part === "." || part === "..");
	if (unsafe || /[\\\0:]/.test(name)) throw broken(`the name '${name}' would leave the folder`);
	const type = entry.mode & 0o170000;
	if (type !== 0 && type !== 0o100000 && type !== 0o040000) throw broken(`'${name}' is a link or device`);
	if (entry.encrypted || (entry.method !== 0 && entry.method !== 8)) {
		throw broken(`'${name}' is packed in a way this reader does not know`);
	}
	if (entry.offset + 30 + entry.compressed > end) throw broken(`'${name}' lies outside the file`);
	// Deflate cannot shrink by more than 1032 : 1.
	if (entry.size > entry.compressed * 1032 + 1024) throw broken(`'${name}' claims an impossible size`);
}

async function readExactly(handle: FileHandle, offset: number, bytes: number, broken: Broken): Promise<Buffer> {
	const buffer = Buffer.alloc(bytes);
	const { bytesRead } = await handle.read(buffer, 0, bytes, offset);
	if (bytesRead !== bytes) throw broken("it is truncated");
	return buffer;
}

/** Opens an archive for `use` and closes it whatever happens. */
export async function withZip<T>(
	path: string,
	broken: Broken,
	use: (handle: FileHandle, entries: ZipEntry[]) => Promise<T>,
): Promise<T> {
	const handle = await open(path, "r");
	try {
		return await use(handle, await readZipDirectory(handle, broken));
	} finally {
		await handle.close();
	}
}
