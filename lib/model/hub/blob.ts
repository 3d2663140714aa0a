import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileError } from "../files.js";
import { chunks } from "./body.js";
import { get, type HubContext, network, Passing, withRetries } from "./http.js";
import type { RemoteFile } from "./listing.js";

/**
 * Makes `blobs/<hash>` exist and hold the right bytes: continues `<hash>.incomplete` with a Range request, checks size
 * and hash, then renames. Two processes may do this at once: both write the same bytes at the same places.
 * `onBytes` hears how many bytes of the file are there. Throws NETWORK, DISK_FULL, IO, ABORTED.
 */
export async function fetchBlob(
	context: HubContext,
	url: URL,
	file: RemoteFile,
	blobs: string,
	onBytes: (present: number) => void,
): Promise<void> {
	const target = join(blobs, file.hash);
	if ((await sizeOf(target)) === file.size) return onBytes(file.size);
	const partial = `${target}.incomplete`;
	try {
		await mkdir(dirname(partial), { recursive: true });
		await withRetries(context, () => continueDownload(context, url, file, partial, onBytes));
		await publish(file, partial, target);
	} catch (cause) {
		throw (cause as NodeJS.ErrnoException).syscall ? fileError(partial, cause, "IO") : cause;
	}
}

async function continueDownload(
	context: HubContext,
	url: URL,
	file: RemoteFile,
	partial: string,
	onBytes: (present: number) => void,
): Promise<void> {
	const have = (await sizeOf(partial)) ?? 0;
	const start = have < file.size ? have : 0;
	if (have !== file.size) {
		// Without identity encoding a server may compress, and the Range would count compressed bytes.
		const range: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
		const reply = await get(context, url, { "accept-encoding": "identity", ...range });
		const from = reply.status === 206 ? rangeStart(reply) : 0;
		if (from !== 0 && from !== start) throw new Passing(`${url.host} sent another range of ${file.name}`);
		await writeBody(context, reply, file, partial, from, onBytes);
	}
	const actual = await contentHash(partial, file);
	if (actual === file.hash) return;
	await rm(partial, { force: true });
	throw network(
		`${file.name} from ${url.host} has the hash ${actual}, not ${file.hash}`,
		"The file was discarded; try again.",
	);
}

function rangeStart(reply: Response): number {
	const match = /^bytes (\d+)-/.exec(reply.headers.get("content-range") ?? "");
	if (!match) throw new Passing("the server sent a range without saying which");
	return Number(match[1]);
}

async function writeBody(
	context: HubContext,
	reply: Response,
	file: RemoteFile,
	partial: string,
	from: number,
	onBytes: (present: number) => void,
): Promise<void> {
	const handle = await openForWriting(partial);
	let at = from;
	try {
		for await (const chunk of chunks(context, reply, file.size - from)) {
			for (let done = 0; done < chunk.length; ) {
				done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
			}
			at += chunk.length;
			onBytes(at);
		}
		if (at !== file.size) throw new Passing(`${file.name} ended after ${at} of ${file.size} bytes`);
		await handle.truncate(file.size);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Opens without truncating, creating it when needed. */
async function openForWriting(path: string): Promise<FileHandle> {
	return open(path, "r+").catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return open(path, "wx+").catch(() => open(path, "r+"));
		throw error;
	});
}

async function publish(file: RemoteFile, partial: string, target: string): Promise<void> {
	await rename(partial, target).catch(async (error: NodeJS.ErrnoException) => {
		// Another process was faster.
		if (error.code !== "ENOENT" || (await sizeOf(target)) !== file.size) throw error;
	});
	await access(target);
}

async function sizeOf(path: string): Promise<number | null> {
	return stat(path).then(
		(found) => found.size,
		() => null,
	);
}

/** SHA-256, or git's blob hash when the expected one has 40 digits. */
async function contentHash(path: string, { hash: expected, size }: RemoteFile): Promise<string> {
	const hash = createHash(expected.length === 64 ? "sha256" : "sha1");
	if (expected.length === 40) hash.update(`blob ${size}\0`);
	for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
	return hash.digest("hex");
}
