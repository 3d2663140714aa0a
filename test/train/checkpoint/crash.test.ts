import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCheckpoint } from "../../../lib/train/checkpoint/read.js";
import { writeCheckpoint } from "../../../lib/train/checkpoint/write.js";
import { writeDurable } from "../../../lib/train/durable.js";
import { startChild } from "../../support/child.js";

const child = new URL("save-child.ts", import.meta.url);
let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "xright-crash-"));
	await save(1);
});
afterEach(() => rm(folder, { recursive: true }));

function save(step: number): Promise<string> {
	return writeCheckpoint(folder, step, 2, async (temporary) => {
		await writeDurable(join(temporary, "weights.bin"), Buffer.alloc(3000, step));
		await writeDurable(join(temporary, "state.json"), JSON.stringify({ step }));
	});
}

/** The newest intact step; every folder with a checkpoint's name must be intact. */
async function newestIntact(): Promise<number | undefined> {
	const damaged: string[] = [];
	const checkpoint = await findCheckpoint(folder, (message) => damaged.push(message));
	expect(damaged).toEqual([]);
	return checkpoint?.step;
}

it("leaves only complete checkpoints when killed at random times", async () => {
	for (let round = 0; round < 6; round++) {
		const first = ((await newestIntact()) as number) + 1;
		const saver = startChild(child, [folder, String(first), String(first + 100_000)]);
		await saver.printed(`saved ${first + round}`);
		saver.process.kill("SIGKILL");
		await saver.finished;
		expect(await newestIntact()).toBeGreaterThanOrEqual(first + round);
	}
});

/** strace can stop or fail any single system call of a save; where it is missing or not allowed this is left out. */
const strace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const calls = ["mkdir", "write", "fsync", "rename", "unlink", "rmdir"];

/** Runs one save of step 3 (which deletes step 1) under strace; one thread does all file calls, so they are in order. */
async function saveUnder(options: string[]) {
	const wrapper = ["env", "UV_THREADPOOL_SIZE=1", "strace", "-f", "-y", "-e", `trace=${calls}`, ...options];
	return startChild(child, [folder, "3", "3"], wrapper).finished;
}

/** Which of its thread's calls of each kind a save makes inside the run folder, counted from 1. */
async function callsOfSave(): Promise<[string, number][]> {
	const log = join(folder, "trace.txt");
	await saveUnder(["-o", log]);
	const counts = new Map<string, number>();
	const found: [string, number][] = [];
	for (const line of (await readFile(log, "utf8")).split("\n")) {
		const match = /^(\d+) +(\w+)\(/.exec(line);
		if (!match) continue;
		const key = `${match[1]} ${match[2]}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
		if (line.includes(join(folder, "step-")) || line.includes(`${folder}>`)) {
			found.push([match[2] as string, counts.get(key) as number]);
		}
	}
	return found;
}

async function restart(): Promise<void> {
	await rm(folder, { recursive: true });
	await mkdir(folder);
	await save(1);
	await save(2);
}

describe.runIf(strace)("with single system calls failing", () => {
	it("a kill at any call of a save leaves intact checkpoints only, and none is lost", {
		timeout: 300_000,
	}, async () => {
		await restart();
		const points = await callsOfSave();
		expect(new Set(points.map(([call]) => call))).toEqual(new Set(calls));
		for (const [call, when] of points) {
			await restart();
			const { code, signal } = await saveUnder(["-o", "/dev/null", "-e", `inject=${call}:signal=SIGKILL:when=${when}`]);
			expect([call, when, code === 0 && signal === null]).toEqual([call, when, false]);
			expect(await newestIntact()).toBeGreaterThanOrEqual(2);
		}
	});

	it("a failing call is reported by name and costs no checkpoint", { timeout: 300_000 }, async () => {
		await restart();
		const points = await callsOfSave();
		const first = (name: string) => points.find(([call]) => call === name) as [string, number];
		for (const [errno, code] of [
			["ENOSPC", "DISK_FULL"],
			["EIO", "IO"],
		]) {
			for (const [call, when] of [first("mkdir"), first("fsync"), first("rename")]) {
				await restart();
				const { stdout } = await saveUnder(["-o", "/dev/null", "-e", `inject=${call}:error=${errno}:when=${when}`]);
				expect(stdout).toMatch(new RegExp(`^${code}: .*step-3`));
				expect(await newestIntact()).toBe(2);
				expect(await readdir(folder)).toEqual(["step-1", "step-2"]);
			}
		}
	});

	it("makes every file durable before the rename that publishes them, and the name after it", async () => {
		await restart();
		const log = join(folder, "trace.txt");
		await saveUnder(["-o", log]);
		const lines = (await readFile(log, "utf8")).split("\n");
		const renamed = lines.findIndex((line) => /rename\(.*step-3\.tmp-\d+", ".*step-3"/.test(line));
		const synced = (from: number, to: number) =>
			lines.slice(from, to).flatMap((line) => /fsync\(\d+<(.*)>/.exec(line)?.[1] ?? []);
		const before = new Set(synced(0, renamed).map((path) => path.replace(/\.tmp-\d+/, "").slice(folder.length + 1)));
		expect(before).toEqual(new Set(["step-3/weights.bin", "step-3/state.json", "step-3/manifest.json", "step-3"]));
		expect(synced(renamed, lines.length)[0]).toBe(folder);
	});
});
