import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { fileSha256 } from "../files/sha256.js";

/** Files up to this size are hashed whole (some tenths of a second). */
const SMALL = 256 * 1024 * 1024;

/**
 * Identity of a model: SHA-256 over its config, the headers' digest, and for each weight file its content hash (files
 * up to 256 MiB, and blobs of the hub's cache, whose name is their verified hash) or else size and modification time.
 * Large files outside the hub's cache are never read, so copying them changes the fingerprint.
 */
export async function fingerprint(config: unknown, headers: string, files: string[]): Promise<string> {
	const hash = createHash("sha256").update(JSON.stringify(config)).update(headers);
	for (const file of files) hash.update(await fileIdentity(file));
	return hash.digest("hex");
}

async function fileIdentity(file: string): Promise<string> {
	const real = await realpath(file);
	const blob = /\/blobs\/([0-9a-f]{64})$/.exec(real)?.[1];
	if (blob) return `sha256:${blob}`;
	const { size, mtimeNs } = await stat(real, { bigint: true });
	if (size <= BigInt(SMALL)) return `sha256:${await fileSha256(real)}`;
	return `stat:${basename(file)}:${size}:${mtimeNs}`;
}
