import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { type FileHandle, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { type Broken, dataOffset, withZip, type ZipEntry } from "./zip.js";

export interface UnpackOptions {
	/** Path inside the target for an entry, or null to leave it out. */
	select(name: string): string | null;
	/** The error for an archive that is damaged or hostile. */
	broken: Broken;
	/** A wheel: every file's sha256 must be in its RECORD. */
	record?: boolean;
	signal?: AbortSignal;
	/** Bytes written so far by this archive. */
	progress?(bytes: number): void;
}

/**
 * Unpacks chosen files of an archive into `target` and resolves with their sizes by path. CRC-32 and size of each file
 * are checked, and for wheels its sha256.
 * @throws what `options.broken` makes for a damaged or hostile archive
 */
export async function unpack(archive: string, target: string, options: UnpackOptions): Promise<Map<string, number>> {
	const { broken } = options;
	return withZip(archive, broken, async (handle, entries) => {
		const hashes = options.record ? await readRecord(handle, entries, broken) : undefined;
		const written = new Map<string, number>();
		let done = 0;
		for (const entry of entries) {
			const name = entry.name.endsWith("/") ? null : options.select(entry.name);
			if (name === null) continue;
			options.signal?.throwIfAborted();
			const expected = hashes?.get(entry.name);
			if (hashes && !expected) throw broken(`'${entry.name}' is not in its RECORD`);
			const file = join(target, name);
			await mkdir(dirname(file), { recursive: true });
			const report = (bytes: number) => options.progress?.(done + bytes);
			const digest = await writeEntry(handle, entry, broken, file, report, options.signal);
			if (expected && digest !== expected) throw broken(`'${entry.name}' does not match its sha256`);
			written.set(name, entry.size);
			done += entry.size;
		}
		return written;
	});
}

/** Entries up to this size, which is all headers, are unpacked in one piece: thousands of pipelines would be slow. */
const smallBytes = 1 << 20;

/** One small entry in memory, checked. */
async function readSmall(handle: FileHandle, entry: ZipEntry, broken: Broken): Promise<Buffer> {
	const packed = Buffer.alloc(entry.compressed);
	const start = await dataOffset(handle, entry, broken);
	const { bytesRead } = await handle.read(packed, 0, packed.length, start);
	const data = bytesRead === packed.length ? inflate(packed, entry) : null;
	if (data === null || data.length !== entry.size || crc32(data) !== entry.crc32) {
		throw broken(`'${entry.name}' is damaged`);
	}
	return data;
}

function inflate(packed: Buffer, entry: ZipEntry): Buffer | null {
	if (entry.method === 0) return packed;
	try {
		return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
	} catch {
		return null;
	}
}

/** Writes one entry to `file`, checking size and CRC-32, and resolves with its sha256 (base64url). */
async function writeEntry(
	handle: FileHandle,
	entry: ZipEntry,
	broken: Broken,
	file: string,
	report: (bytes: number) => void,
	signal?: AbortSignal,
): Promise<string> {
	if (entry.size <= smallBytes && entry.compressed <= smallBytes) {
		const data = await readSmall(handle, entry, broken);
		await writeFile(file, data, { flag: "wx", mode: 0o644 });
		report(data.length);
		return createHash("sha256").update(data).digest("base64url");
	}
	const start = await dataOffset(handle, entry, broken);
	const sha = createHash("sha256");
	let crc = 0;
	let size = 0;
	const check = new Transform({
		transform(chunk: Buffer, _encoding, callback) {
			size += chunk.length;
			if (size > entry.size) return callback(broken(`'${entry.name}' is larger than it claims`));
			crc = crc32(chunk, crc);
			sha.update(chunk);
			report(size);
			callback(null, chunk);
		},
	});
	const source = Readable.from(readRange(handle, start, entry.compressed));
	const unpacker = entry.method === 8 ? createInflateRaw({ chunkSize: 1 << 18 }) : new PassThrough();
	try {
		await pipeline(source, unpacker, check, createWriteStream(file, { flags: "wx", mode: 0o644 }), { signal });
	} catch (error) {
		if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? "")) throw broken(`'${entry.name}' is damaged`);
		throw error;
	}
	if (size !== entry.size || crc !== entry.crc32) throw broken(`'${entry.name}' is damaged`);
	return sha.digest("base64url");
}

async function* readRange(handle: FileHandle, start: number, bytes: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < bytes; ) {
		const buffer = Buffer.allocUnsafe(Math.min(1 << 20, bytes - at));
		const { bytesRead } = await handle.read(buffer, 0, buffer.length, start + at);
		if (bytesRead === 0) return;
		at += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

/** A wheel's RECORD: path → sha256 in base64url. Paths with commas are quoted. */
async function readRecord(handle: FileHandle, entries: ZipEntry[], broken: Broken): Promise<Map<string, string>> {
	const entry = entries.find((candidate) => /^[^/]+\.dist-info\/RECORD$/.test(candidate.name));
	if (!entry || entry.size > 16 << 20) throw broken("it has no RECORD");
	const text = (await readSmall(handle, entry, broken)).toString("utf8");
	const hashes = new Map<string, string>();
	for (const line of text.split(/\r?\n/)) {
		const match = /^(?:"((?:[^"]|"")*)"|([^,]*)),sha256=([\w-]{43}),\d*$/.exec(line);
		if (match) hashes.set((match[1]?.replaceAll('""', '"') ?? match[2])!, match[3]!);
	}
	return hashes;
}
