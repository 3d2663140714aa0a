import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncPath, writeError } from "./durable.js";

/**
 * Writes a folder as a whole: `fill` writes into a temporary folder beside it, which then takes its place. Readers
 * never see half of it, and an older one stays until the new one is durable. Throws DISK_FULL or IO.
 */
export async function replaceFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
	const temporary = `${path}.tmp-${process.pid}`;
	const old = `${path}.old-${process.pid}`;
	try {
		await rm(temporary, { recursive: true, force: true });
		await mkdir(temporary, { recursive: true });
		await fill(temporary);
		for (const name of await readdir(temporary)) await syncPath(join(temporary, name));
		await syncPath(temporary);
		await rm(old, { recursive: true, force: true });
		await rename(path, old).catch((cause: NodeJS.ErrnoException) => {
			if (cause.code !== "ENOENT") throw cause;
		});
		await rename(temporary, path);
		await syncPath(dirname(path));
		await rm(old, { recursive: true, force: true });
	} catch (cause) {
		await rm(temporary, { recursive: true, force: true }).catch(() => {});
		throw writeError(path, cause);
	}
}
