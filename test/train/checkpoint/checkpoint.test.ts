import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifyCheckpoint } from "../../../lib/train/checkpoint/manifest.js";
import { findCheckpoint } from "../../../lib/train/checkpoint/read.js";
import { removeLeftovers } from "../../../lib/train/checkpoint/retention.js";
import { writeCheckpoint } from "../../../lib/train/checkpoint/write.js";
import { writeDurable } from "../../../lib/train/durable.js";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "xright-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true }));

function save(step: number, keep = 10): Promise<string> {
	return writeCheckpoint(folder, step, keep, async (temporary) => {
		await writeDurable(join(temporary, "weights.bin"), Buffer.alloc(3000, step));
		await writeDurable(join(temporary, "state.json"), JSON.stringify({ step }));
	});
}

async function names(): Promise<string[]> {
	return (await readdir(folder)).sort();
}

async function found() {
	const messages: string[] = [];
	const checkpoint = await findCheckpoint(folder, (message) => messages.push(message));
	return { step: checkpoint?.step, messages };
}

async function flipByte(path: string): Promise<void> {
	const bytes = await readFile(path);
	bytes[Math.floor(bytes.length / 2)]! ^= 1;
	await writeFile(path, bytes);
}

describe("writing checkpoints", () => {
	it("lists every file with size and hash in the manifest", async () => {
		const path = await save(7);
		const manifest = await verifyCheckpoint(path);
		expect(manifest.step).toBe(7);
		expect(Object.keys(manifest.files)).toEqual(["state.json", "weights.bin"]);
		expect(manifest.files["weights.bin"]).toEqual({
			bytes: 3000,
			// sha256 of 3000 bytes of value 7, from sha256sum.
			sha256: "48c187767dddb44e5b7af78dabdec2b14f0f983e86e1fe695c65bc6a2a3cb42f",
		});
	});

	it("keeps the newest checkpoints by step, whatever their time stamps", async () => {
		for (const step of [9, 10, 100, 20]) await save(step);
		await save(200, 3);
		expect(await names()).toEqual(["step-100", "step-20", "step-200"]);
	});

	it("never touches folders whose manifest is not ours", async () => {
		await mkdir(join(folder, "step-1"));
		await writeFile(join(folder, "step-1", "manifest.json"), '{"format":"another","step":1}');
		await mkdir(join(folder, "step-2"));
		await writeFile(join(folder, "step-2", "notes.txt"), "mine");
		await save(3);
		await cp(join(folder, "step-3"), join(folder, "step-0"), { recursive: true });
		await save(4, 1);
		expect(await names()).toEqual(["step-0", "step-1", "step-2", "step-4"]);
	});

	it("does not count or delete damaged checkpoints of later steps", async () => {
		await save(10);
		await flipByte(join(await save(20), "weights.bin"));
		await save(12, 1);
		expect((await names()).filter((name) => name !== "step-20")).toEqual(["step-12"]);
		expect((await found()).step).toBe(12);
	});

	it("replaces a damaged checkpoint of the same step and keeps the damaged one aside", async () => {
		await flipByte(join(await save(5), "weights.bin"));
		await save(5);
		expect((await found()).step).toBe(5);
		expect((await names()).filter((name) => name.startsWith("step-5.damaged-"))).toHaveLength(1);
	});

	it("removes its temporary folder and keeps older checkpoints when filling fails", async () => {
		await save(1);
		const failing = writeCheckpoint(folder, 2, 1, async (temporary) => {
			await writeDurable(join(temporary, "weights.bin"), "half");
			throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
		});
		await expect(failing).rejects.toMatchObject({ code: "DISK_FULL" });
		expect(await names()).toEqual(["step-1"]);
	});

	it("clears what interrupted saves left, and nothing else", async () => {
		await save(1);
		await mkdir(join(folder, "step-2.tmp-123"));
		await mkdir(join(folder, "step-2.tmp"));
		await removeLeftovers(folder);
		expect(await names()).toEqual(["step-1", "step-2.tmp"]);
	});
});

describe("finding a checkpoint", () => {
	it("finds none in a folder that is empty or not there", async () => {
		expect(await found()).toEqual({ step: undefined, messages: [] });
		expect(await findCheckpoint(join(folder, "missing"), () => {})).toBeNull();
	});

	it("orders by step as a number", async () => {
		for (const step of [9, 10]) await save(step);
		expect((await found()).step).toBe(10);
	});

	const damage: [string, (path: string) => Promise<void>, RegExp][] = [
		["a flipped byte", (path) => flipByte(join(path, "weights.bin")), /weights.bin was changed or is damaged/],
		["a shortened file", (path) => truncate(join(path, "weights.bin"), 2999), /weights.bin has 2999 bytes, not 3000/],
		["a missing file", (path) => rm(join(path, "state.json")), /state.json is missing/],
		["no manifest", (path) => rm(join(path, "manifest.json")), /no valid manifest.json/],
		["half a manifest", (path) => truncate(join(path, "manifest.json"), 40), /no valid manifest.json/],
		["another step's files", (path) => rename(path, join(path, "..", "step-31")), /step-31 holds step 30/],
	];
	it.each(damage)("falls back to the one before on %s, and says so", async (_what, spoil, message) => {
		for (const step of [10, 20, 30]) await save(step);
		await spoil(join(folder, "step-30"));
		const { step, messages } = await found();
		expect(step).toBe(20);
		expect(messages).toEqual([expect.stringMatching(message)]);
	});

	it("never reads outside the folder for a manifest that points there", async () => {
		const path = await save(1);
		const manifest = JSON.parse(await readFile(join(path, "manifest.json"), "utf8"));
		manifest.files["../outside"] = { bytes: 0, sha256: "" };
		await writeFile(join(path, "manifest.json"), JSON.stringify(manifest));
		await expect(found()).rejects.toMatchObject({ code: "CHECKPOINT" });
	});

	it("says when none of them is intact", async () => {
		await flipByte(join(await save(1), "weights.bin"));
		await expect(found()).rejects.toMatchObject({ code: "CHECKPOINT", hint: expect.stringContaining("--resume") });
	});
});
