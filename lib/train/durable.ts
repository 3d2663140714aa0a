import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { XrightError } from "../errors.js";

/** Turns a failed write into an error that says what was being written and how much room it needs. */
export function writeError(path: string, cause: unknown, bytes?: number): XrightError {
	if (cause instanceof XrightError) return cause;
	const { code, message } = cause as NodeJS.ErrnoException;
	const size = bytes === undefined ? "" : ` (${bytes} bytes)`;
	if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
		return new XrightError("DISK_FULL", `${path}${size} could not be written: no space is left`, {
			hint: "Free some space or choose another output folder; a training run continues with --resume.",
			cause,
		});
	}
	return new XrightError("IO", `${path}${size} could not be written: ${message}`, {
		hint: "Check the output folder and its disk; a training run continues with --resume.",
		cause,
	});
}

/** Writes a new file and makes it durable before returning. Throws DISK_FULL or IO. */
export async function writeDurable(path: string, data: string | Uint8Array): Promise<void> {
	const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
	try {
		const file = await open(path, "wx");
		try {
			await file.writeFile(data);
			await file.sync();
		} finally {
			await file.close();
		}
	} catch (cause) {
		throw writeError(path, cause, bytes);
	}
}

/** Makes a file's contents, or the names in a folder, durable. Throws DISK_FULL or IO. */
export async function syncPath(path: string): Promise<void> {
	let handle: FileHandle | undefined;
	try {
		handle = await open(path, constants.O_RDONLY);
		await handle.sync();
	} catch (cause) {
		throw writeError(path, cause);
	} finally {
		await handle?.close();
	}
}

/** Replaces a file as a whole: readers see the old contents or the new, also after a crash. Throws DISK_FULL or IO. */
export async function replaceFile(path: string, data: string | Uint8Array): Promise<void> {
	const temporary = `${path}.tmp-${process.pid}`;
	try {
		await rm(temporary, { force: true });
		await writeDurable(temporary, data);
		await rename(temporary, path);
	} catch (cause) {
		await rm(temporary, { force: true }).catch(() => {});
		throw writeError(path, cause);
	}
	await syncPath(dirname(path));
}

/** JSON as people read it, with a final newline. */
export function prettyJson(value: unknown): string {
	return `${JSON.stringify(value, null, "\t")}\n`;
}
