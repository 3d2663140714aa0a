import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readModelFolder } from "../../lib/model/folder.js";
import { type LoadedAddon, loadAddon } from "../../lib/native/addon.js";
import type { LoadSpec } from "../../lib/native/binding.js";
import { findLibTorch } from "../../lib/native/libtorch/find.js";
import { fixture } from "./parity-fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "xright-addon-"));
let loaded: LoadedAddon;
let lib: string;
let spec: LoadSpec;
/** What the tiny model answers in a process that does nothing else. */
let greedy: unknown;

beforeAll(async () => {
	loaded = loadAddon();
	lib = (await findLibTorch()).lib;
	const { config, weights } = await readModelFolder("mha-tied", fixture("mha-tied"));
	const fixed = { dtype: "float32", device: "cpu", threads: 1, gradientCheckpointing: false } as const;
	spec = { ...fixed, config, weights, adapter: null, train: "none" };
	greedy = await child("generate");
	expect(greedy).toHaveLength(3);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What the scenario returned; rejects when the process fails or dies of a signal. */
async function child(scenario: string, nodeOptions: string[] = []): Promise<unknown> {
	const text = join(folder, "text.so");
	writeFileSync(text, "not a library");
	const input = JSON.stringify({ scenario, addonPath: loaded.path, core: loaded.core, lib, text, spec });
	const file = fileURLToPath(new URL("addon-child.mjs", import.meta.url));
	const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, file, input]);
	return JSON.parse(stdout);
}

test("every way LibTorch and the core can fail to load, then success", async () => {
	const result = (await child("loadFailures")) as Record<string, { code: string; message: string; detail?: string }>;
	expect(result.early).toMatchObject({ code: "LIBTORCH_MISSING" });
	expect(result.models).toEqual([]);
	expect(result.cpu).toEqual(expect.any(Array));
	expect(result.missing).toMatchObject({
		code: "LIBTORCH_MISSING",
		message: expect.stringContaining("nowhere/libc10.so"),
		hint: "run `npx xright-native setup`",
		detail: expect.stringContaining("No such file"),
	});
	expect(result.coreMissing).toMatchObject({ code: "INTERNAL", message: expect.stringContaining(".nowhere") });
	expect(result.coreText).toMatchObject({ code: "INTERNAL", detail: expect.stringMatching(/invalid ELF|too short/) });
	expect(result.coreForeign).toMatchObject({ message: expect.stringContaining("is not xright's core library") });
	expect(result.shape).toMatchObject({ code: "INTERNAL", message: "'core' must be present" });
	expect(result.other).toMatchObject({
		code: "LIBTORCH_VERSION",
		message: expect.stringContaining("already loaded"),
	});
	expect(result.loaded).toEqual([loaded.addon.build.torch, loaded.addon.build.torch]);
	expect(result.after).toContain("llama");
});

test("workers load, compute and end, with or without dispose", async () => {
	expect(await child("workers")).toEqual([1, 2, 3].map(() => ({ message: greedy, exit: 0 })));
});

test("workers ended in the middle of a call leave the process usable", async () => {
	expect(await child("terminate")).toEqual(greedy);
});

test("an idle session neither holds the process nor breaks its end", async () => {
	expect(await child("leave")).toEqual(greedy);
});

test("a session that is collected frees itself", async () => {
	expect(await child("collect", ["--expose-gc"])).toEqual(greedy);
});

test("process.exit in the middle of a call keeps its exit code", async () => {
	await expect(child("exitWhileRunning")).rejects.toMatchObject({ code: 7, signal: null });
});
