import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { XrightError } from "../errors.js";
import { writeError } from "./durable.js";

/** Who holds a run folder. */
export interface LockOwner {
	pid: number;
	host: string;
	/** Changes with every start of the machine; null where the system does not say. */
	bootId: string | null;
	/** When the process started, in clock ticks since the machine did: tells a reused pid apart. */
	started: string | null;
	token: string;
}

/** How deep a stale lock of a stale lock is followed. */
const MAX_DEPTH = 3;

/**
 * Takes the lock file `path` for this process and returns the function that gives it back. A lock left by a process
 * that is gone is taken over; one held by a live process, or by another machine, throws LOCKED with its holder.
 */
export async function acquireLock(path: string, depth = 0): Promise<() => Promise<void>> {
	const owner = await thisProcess();
	for (let attempt = 0; attempt < 20; attempt++) {
		if (await create(path, owner)) return () => release(path, owner);
		const text = await readIfPresent(path);
		if (text === null) continue;
		const holder = parseOwner(text);
		if (holder === null && attempt < 10) await delay(20);
		else if (holder !== null && (await isLive(holder))) throw locked(path, holder);
		else await removeStale(path, text, depth);
	}
	throw new XrightError("LOCKED", `${path} is being taken by other processes`, { hint: "Try again." });
}

/** Removes a lock whose text is still `stale`, under a lock of its own: two processes never remove each other's. */
async function removeStale(path: string, stale: string, depth: number): Promise<void> {
	if (depth === MAX_DEPTH) {
		throw new XrightError("LOCKED", `${path} is left over from processes that are gone`, { hint: `Delete ${path}.` });
	}
	const done = await acquireLock(`${path}.reclaim`, depth + 1);
	try {
		if ((await readIfPresent(path)) === stale) await rm(path, { force: true });
	} finally {
		await done();
	}
}

async function create(path: string, owner: LockOwner): Promise<boolean> {
	try {
		await writeFile(path, JSON.stringify(owner), { flag: "wx" });
		return true;
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw writeError(path, cause);
	}
}

async function release(path: string, owner: LockOwner): Promise<void> {
	const text = await readIfPresent(path);
	if (text !== null && parseOwner(text)?.token === owner.token) await rm(path, { force: true });
}

async function readIfPresent(path: string): Promise<string | null> {
	try {
		return await readFile(path, "utf8");
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
		throw writeError(path, cause);
	}
}

/** null for a lock whose writing was cut off. */
function parseOwner(text: string): LockOwner | null {
	try {
		const owner = JSON.parse(text) as LockOwner;
		return Number.isSafeInteger(owner.pid) && owner.pid > 0 && typeof owner.host === "string" ? owner : null;
	} catch {
		return null;
	}
}

async function isLive(owner: LockOwner): Promise<boolean> {
	if (owner.host !== hostname()) return true;
	if (owner.bootId !== (await bootId())) return false;
	try {
		process.kill(owner.pid, 0);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ESRCH") return false;
	}
	return owner.started === (await startTime(owner.pid));
}

function locked(path: string, owner: LockOwner): XrightError {
	const elsewhere = owner.host !== hostname();
	return new XrightError("LOCKED", `${path}: process ${owner.pid} on ${owner.host} is using this run folder`, {
		hint: elsewhere
			? `Choose another output folder; or, if that process is gone, delete ${path}.`
			: "Wait for it, stop it, or choose another output folder.",
	});
}

/** What this process writes into a lock. */
export async function thisProcess(): Promise<LockOwner> {
	const [boot, started] = await Promise.all([bootId(), startTime(process.pid)]);
	return { pid: process.pid, host: hostname(), bootId: boot, started, token: randomUUID() };
}

async function bootId(): Promise<string | null> {
	const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => null);
	return text === null ? null : text.trim();
}

/** Field 22 of /proc/<pid>/stat; null where there is none, or only a zombie. The second field may hold spaces. */
async function startTime(pid: number): Promise<string | null> {
	const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
	const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
	return fields[0] === "Z" ? null : (fields[19] ?? null);
}
