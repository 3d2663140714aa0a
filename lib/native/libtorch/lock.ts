import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

interface Owner {
	pid: number;
	host: string;
	boot: string;
}

/**
 * Runs `work` while holding a lock file, so that two installs do not write the same folder. Waits for a living owner
 * (`waiting` is told its pid once); a lock whose process is gone is taken over.
 */
export async function withLock<T>(
	path: string,
	work: () => Promise<T>,
	options: { signal?: AbortSignal; waiting?(pid: number): void } = {},
): Promise<T> {
	await mkdir(dirname(path), { recursive: true });
	const me = JSON.stringify({ pid: process.pid, host: hostname(), boot: bootId() } satisfies Owner);
	const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
	await writeFile(mine, me);
	try {
		for (let told = false; !(await acquire(mine, path)); ) {
			const owner = await readOwner(path);
			if (owner === null || !isAlive(owner)) {
				await discard(path, owner);
				continue;
			}
			if (!told) options.waiting?.(owner.pid);
			told = true;
			await sleep(200, undefined, { signal: options.signal });
		}
	} finally {
		await rm(mine, { force: true });
	}
	try {
		return await work();
	} finally {
		await rm(path, { force: true });
	}
}

/** link() fails when the name exists and never shows a half-written file. */
async function acquire(mine: string, path: string): Promise<boolean> {
	try {
		await link(mine, path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	}
}

async function readOwner(path: string): Promise<Owner | null> {
	try {
		return JSON.parse(await readFile(path, "utf8")) as Owner;
	} catch {
		return null;
	}
}

/** Moves the stale lock away; puts it back if another process had replaced it in between. */
async function discard(path: string, stale: Owner | null): Promise<void> {
	const aside = `${path}.stale.${process.pid}`;
	try {
		await rename(path, aside);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
		throw error;
	}
	if (JSON.stringify(await readOwner(aside)) !== JSON.stringify(stale)) await acquire(aside, path);
	await rm(aside, { force: true });
}

function isAlive(owner: Owner): boolean {
	if (owner.host !== hostname()) return true;
	if (owner.boot !== bootId()) return false;
	try {
		process.kill(owner.pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

function bootId(): string {
	try {
		return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
	} catch {
		return "";
	}
}
