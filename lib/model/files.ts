import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type ErrorCode, XrightError } from "../errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 strictly (a byte order mark is kept); returns null when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
	try {
		return utf8.decode(bytes);
	} catch {
		return null;
	}
}

/** True for any object that JSON writes with braces. */
export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Opens a regular file for reading without ever blocking on a pipe or reading a device.
 * Throws WEIGHTS (missing, folder, pipe, no permission) or IO.
 */
export async function openRegular(
	path: string,
	code: ErrorCode = "WEIGHTS",
): Promise<{ handle: FileHandle; size: number }> {
	let handle: FileHandle;
	try {
		handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch (cause) {
		throw fileError(path, cause, code);
	}
	try {
		const stat = await handle.stat();
		if (!stat.isFile()) throw new XrightError(code, `${path}: not a regular file`);
		return { handle, size: stat.size };
	} catch (cause) {
		await handle.close();
		throw cause instanceof XrightError ? cause : fileError(path, cause, code);
	}
}

/** Turns an errno failure on `path` into an error that names the file. */
export function fileError(path: string, cause: unknown, code: ErrorCode): XrightError {
	const errno = (cause as NodeJS.ErrnoException).code;
	if (errno === "ENOENT" || errno === "ENOTDIR") return new XrightError(code, `${path}: no such file`, { cause });
	if (errno === "EACCES" || errno === "EPERM") return new XrightError(code, `${path}: permission denied`, { cause });
	if (errno === "EISDIR") return new XrightError(code, `${path}: is a folder, not a file`, { cause });
	if (errno === "ENOSPC" || errno === "EDQUOT")
		return new XrightError("DISK_FULL", `${path}: the disk is full`, { cause });
	return new XrightError("IO", `${path}: ${(cause as Error).message}`, { cause });
}

/** Reads exactly `length` bytes at `offset`; a file that became shorter meanwhile is an error. */
export async function readExactly(handle: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
	const buffer = Buffer.alloc(length);
	for (let done = 0; done < length; ) {
		const { bytesRead } = await handle.read(buffer, done, length - done, offset + done).catch((cause: unknown) => {
			throw fileError(path, cause, "IO");
		});
		if (bytesRead === 0) throw new XrightError("WEIGHTS", `${path}: ended early, at byte ${offset + done}`);
		done += bytesRead;
	}
	return buffer;
}

const DEFAULT_TEXT_LIMIT = 256 * 1024 * 1024;

/** Reads a UTF-8 text file of at most `limit` bytes; null when it does not exist. */
export async function readTextIfPresent(
	path: string,
	code: ErrorCode,
	limit: number = DEFAULT_TEXT_LIMIT,
): Promise<string | null> {
	let opened: Awaited<ReturnType<typeof openRegular>>;
	try {
		opened = await openRegular(path, code);
	} catch (error) {
		const errno = ((error as XrightError).cause as NodeJS.ErrnoException | undefined)?.code;
		if (errno === "ENOENT") return null;
		throw error;
	}
	try {
		if (opened.size > limit)
			throw new XrightError(code, `${path}: ${opened.size} bytes, more than the ${limit} allowed`);
		const text = decodeUtf8(await readExactly(opened.handle, path, 0, opened.size));
		if (text === null) throw new XrightError(code, `${path}: not UTF-8 text`);
		return text.startsWith("\uFEFF") ? text.slice(1) : text;
	} finally {
		await opened.handle.close();
	}
}

/** Parses a JSON object file; null when it does not exist. Throws `code` when it is not a JSON object. */
export async function readJsonIfPresent(path: string, code: ErrorCode): Promise<Record<string, unknown> | null> {
	const text = await readTextIfPresent(path, code);
	if (text === null) return null;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw new XrightError(code, `${path}: not valid JSON (${(cause as Error).message})`, { cause });
	}
	if (!isRecord(value)) throw new XrightError(code, `${path}: must hold a JSON object`);
	return value;
}
