import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, type LockOwner, thisProcess } from "../../lib/train/lock.js";
import { startChild } from "../support/child.js";

const child = new URL("lock-child.ts", import.meta.url);
let folder: string;
let path: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "xright-lock-"));
	path = join(folder, ".lock");
});
afterEach(() => rm(folder, { recursive: true }));

async function leave(owner: Partial<LockOwner>): Promise<void> {
	await writeFile(path, JSON.stringify({ ...(await thisProcess()), token: "another", ...owner }));
}

/** What a child's first line says. A child that ends without ever holding the lock rejects the other wait. */
async function outcomeOf(printed: (text: string) => Promise<void>): Promise<string> {
	await printed("\n");
	return printed("held").then(
		() => "held",
		() => "refused",
	);
}

async function expectLocked(): Promise<void> {
	await expect(acquireLock(path)).rejects.toMatchObject({ code: "LOCKED" });
}

async function expectTaken(): Promise<void> {
	const release = await acquireLock(path);
	expect(JSON.parse(await readFile(path, "utf8")).pid).toBe(process.pid);
	await release();
	expect(await readdir(folder)).toEqual([]);
}

describe("acquireLock", () => {
	it("takes and gives back the lock", expectTaken);

	it("refuses a second holder and names the first", async () => {
		const release = await acquireLock(path);
		await expect(acquireLock(path)).rejects.toThrow(new RegExp(`process ${process.pid} on`));
		await release();
		await expectTaken();
	});

	it("takes over from a process that was killed", async () => {
		const holder = startChild(child, [path, "60000"]);
		await holder.printed("held");
		await expectLocked();
		holder.process.kill("SIGKILL");
		await holder.finished;
		expect(existsSync(path)).toBe(true);
		await expectTaken();
	});

	it("lets exactly one of several processes that start at once win", async () => {
		await leave({ bootId: "a boot before this one" });
		const children = Array.from({ length: 4 }, () => startChild(child, [path, "600000"]));
		const outcomes = await Promise.all(children.map(({ printed }) => outcomeOf(printed)));
		for (const { process: running } of children) running.kill("SIGKILL");
		await Promise.all(children.map(({ finished }) => finished));
		expect(outcomes.sort()).toEqual(["held", "refused", "refused", "refused"]);
		expect(await readdir(folder)).toEqual([".lock"]);
	});

	it("takes over a lock from before the machine was restarted", async () => {
		await leave({ bootId: "another boot" });
		await expectTaken();
	});

	it("takes over a lock whose pid now belongs to another process", async () => {
		await leave({ pid: process.pid, started: "1" });
		await expectTaken();
	});

	it("takes over a lock whose writing was cut off", async () => {
		await writeFile(path, '{"pid": 1');
		await expectTaken();
	});

	it("never takes over a lock of another machine", async () => {
		await leave({ host: `not-${hostname()}`, pid: 4194304 });
		await expectLocked();
		await expect(acquireLock(path)).rejects.toMatchObject({ hint: expect.stringContaining(path) });
	});

	it("does not remove a lock that is no longer its own", async () => {
		const release = await acquireLock(path);
		await leave({});
		await release();
		expect(existsSync(path)).toBe(true);
	});
});
