import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./run-cli.js";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A model small enough that what is measured means nothing, but all of it runs. */
const model = fileURLToPath(new URL("../fixtures/parity/mha-tied/", import.meta.url));

test("trials run in processes of their own, are stored, reported and compared", async () => {
	const args = ["sft", "strategies", "--rounds", "1", "--model", model, "--output", folder];
	const first = await runCli(["bench", ...args]);
	expect(first.stderr).toContain("sft, round 1: xright-native");
	expect(first).toMatchObject({ code: 0, stdout: readFileSync(join(folder, "report.md"), "utf8") });
	expect(first.stdout).toContain("| sft | speed over TRL's defaults | ≥ 10×, stretch 16× | – | not measured |");
	expect(first.stdout).toMatch(/\| strategies \| mix: time over Sequential at equal rows \| ≤ 1.25× \| [\d.]+× \|/);
	expect(existsSync(join(folder, "strategies-memory.svg"))).toBe(true);

	const second = await runCli(["bench", "sft", "--rounds", "1", "--model", model, "--output", folder, "--json"]);
	const [result] = JSON.parse(second.stdout);
	expect(result).toMatchObject({ trial: "sft", weights: "real", failed: {} });
	const measured = result.rounds[0]["xright-native"];
	expect(measured.losses).toHaveLength(13);
	// The last batch, in its fourth pass and in its first.
	expect(measured.losses[12]).toBeLessThan(measured.losses[3]);
	expect(measured.work.trainFlops).toBeGreaterThan(measured.work.tokens);

	const comparison = await runCli(["bench", "compare", "--output", folder]);
	expect(comparison.stdout).toMatch(/\| sft \| xright-native \| rows\/s \| [+-]?[\d.]+ % +\| within noise \|/);
}, 300_000);

test("a peer that fails is noted, and the others go on", async () => {
	const python = join(folder, "python");
	writeFileSync(
		python,
		'#!/bin/sh\n[ "$1" = -c ] && echo "[true, false, false]" && exit\necho "no memory" >&2; exit 7\n',
	);
	chmodSync(python, 0o755);
	const output = join(folder, "failing");
	const args = ["bench", "sft", "--rounds", "1", "--model", model, "--output", output, "--python", python];
	const { code, stdout } = await runCli(args);
	expect(code).toBe(0);
	expect(stdout).toContain("- TRL, defaults failed: the benchmark's trl_trainer.py process ended with 7: no memory\n");
	expect(stdout).toContain("- the rate of the products failed: ");
	expect(stdout).toMatch(/\| xright-native \| [\d.]+ /);
}, 300_000);

describe("bad usage", () => {
	test.each([
		[["compare", "a", "b", "c"], "bench compare takes at most two folders or files"],
		[["compare", "gone"], "gone: no such file or folder"],
		[["sfd"], "there is no trial sfd\nhint: Did you mean sft?"],
		[["--against", "foo"], "--against foo: the peers are trl, torch, llama.cpp"],
		[["--rounds", "0"], "--rounds must be a whole number of at least 1"],
	])("%j", async (args, message) => {
		const result = await runCli(["bench", ...args]);
		expect(result.stderr).toContain(`error: ${message}`);
		expect(result).toMatchObject({ code: 2, stdout: "" });
	});

	test("a peer that was asked for and is not there is the environment's fault", async () => {
		const result = await runCli(["bench", "--against", "trl", "--python", join(folder, "no-python")]);
		expect(result.stderr).toContain("cannot import trl, which trl needs");
		expect(result.code).toBe(3);
	});
});
