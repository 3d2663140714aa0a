import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLibTorch, searchLibTorch } from "../../../lib/native/libtorch/find.js";
import { cacheRoot } from "../../../lib/native/libtorch/layout.js";
import { manifestName } from "../../../lib/native/libtorch/verify.js";
import { runtimeFiles, temporaryFolder, torchFiles, writeTree } from "./fake.js";

const complete = [...torchFiles(), ...runtimeFiles];

async function emptyEnv() {
	const folder = await temporaryFolder();
	return { folder, env: { HOME: folder, PATH: join(folder, "bin") } as Record<string, string> };
}

describe("cacheRoot", () => {
	it("follows XDG", () => {
		expect(cacheRoot({ HOME: "/h" })).toBe("/h/.cache/xright-native/libtorch");
		expect(cacheRoot({ HOME: "/h", XDG_CACHE_HOME: "/x" })).toBe("/x/xright-native/libtorch");
		expect(cacheRoot({ HOME: "/h", XDG_CACHE_HOME: "relative" })).toBe("/h/.cache/xright-native/libtorch");
	});
});

describe("findLibTorch", () => {
	it("says every place it looked at and the command that helps", async () => {
		const { folder, env } = await emptyEnv();
		const { places } = await searchLibTorch({ env, cuda: false });
		expect(places).toEqual([
			{ source: "XRIGHT_LIBTORCH", path: "", failure: "not set" },
			...["cpu", "cu130"].map((variant) => {
				const path = join(folder, ".cache/xright-native/libtorch", `2.11.0-${variant}`);
				return { source: "cache", path, failure: `${path} does not exist` };
			}),
			{ source: "python", path: "python3", failure: "there is no python3 on PATH" },
		]);
		await expect(findLibTorch({ env, cuda: false })).rejects.toMatchObject({
			code: "LIBTORCH_MISSING",
			exitCode: 3,
			hint: "Run: npx xright-native setup",
		});
	});

	it("takes XRIGHT_LIBTORCH as the torch folder or the folder around it, before the cache", async () => {
		const { folder, env } = await emptyEnv();
		await writeTree(folder, complete);
		await writeTree(join(cacheRoot(env), "2.11.0-cpu"), complete);
		for (const path of [folder, join(folder, "torch")]) {
			const found = await findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: path }, cuda: false });
			expect(found).toEqual({
				torch: join(folder, "torch"),
				lib: join(folder, "torch/lib"),
				version: "2.11.0+cu130",
				cuda: false,
			});
		}
		expect((await findLibTorch({ env, cuda: false })).torch).toBe(join(cacheRoot(env), "2.11.0-cpu/torch"));
	});

	it("never falls back from a set XRIGHT_LIBTORCH", async () => {
		const { folder, env } = await emptyEnv();
		await writeTree(join(cacheRoot(env), "2.11.0-cpu"), complete);
		await expect(findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: join(folder, "none") } })).rejects.toMatchObject({
			code: "LIBTORCH_MISSING",
			message: expect.stringContaining(`${join(folder, "none")} does not exist`),
		});
		await writeTree(join(folder, "old"), [...torchFiles("2.10.1+cu128"), ...runtimeFiles]);
		await expect(findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: join(folder, "old") } })).rejects.toMatchObject({
			code: "LIBTORCH_VERSION",
			message: expect.stringContaining("holds LibTorch 2.10.1+cu128; 2.11.0 is needed"),
		});
	});

	it.each([
		"torch/lib/libtorch_cpu.so",
		"torch/lib/libc10.so",
		"torch/lib/libgomp.so.1",
		"torch/include/ATen/ATen.h",
		"torch/version.py",
		"nvidia/cu13/lib/libcupti.so.13",
		"nvidia/cu13/lib/libcudart.so.13",
	])("notices that %s is missing", async (name) => {
		const { folder, env } = await emptyEnv();
		await writeTree(folder, complete);
		await rm(join(folder, name));
		await expect(findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: folder } })).rejects.toMatchObject({
			code: "LIBTORCH_MISSING",
		});
	});

	it("notices a half-unpacked library", async () => {
		const { folder, env } = await emptyEnv();
		await writeTree(folder, complete);
		await writeFile(join(folder, manifestName), JSON.stringify({ libraries: { "torch/lib/libc10.so": 999 } }));
		await expect(findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: folder } })).rejects.toThrow(
			/has 3 of 999 bytes: half-unpacked/,
		);
		await writeFile(join(folder, "torch/lib/libtorch_cpu.so"), "short");
		await expect(findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: folder } })).rejects.toThrow(
			/only 5 bytes: half-unpacked/,
		);
	});

	it("accepts a CPU archive, which needs no CUDA runtime", async () => {
		const { folder, env } = await emptyEnv();
		const files = torchFiles("2.11.0+cpu", "libtorch").filter(({ name }) => !/version\.py|libgomp/.test(name));
		await writeTree(folder, [...files, { name: "libtorch/build-version", data: "2.11.0+cpu\n" }]);
		await writeFile(join(folder, "libtorch/lib/libgomp-24e2ab19.so.1"), "gomp");
		expect((await findLibTorch({ env: { ...env, XRIGHT_LIBTORCH: folder } })).version).toBe("2.11.0+cpu");
	});

	it("asks the installed Python without importing torch", async () => {
		const { folder, env } = await emptyEnv();
		await writeTree(join(folder, "site"), complete);
		await mkdir(env.PATH!);
		const script = `#!/bin/sh\nexec '${pythonPath()}' "$@"\n`;
		await writeFile(join(env.PATH!, "python3"), script, { mode: 0o755 });
		const found = await findLibTorch({ env: { ...env, PYTHONPATH: join(folder, "site") }, cuda: false });
		expect(found.torch).toBe(join(folder, "site/torch"));
		await writeFile(join(folder, "site/torch/version.py"), "__version__ = '2.12.0'\n");
		const { places } = await searchLibTorch({ env: { ...env, PYTHONPATH: join(folder, "site") }, cuda: false });
		expect(places.at(-1)).toMatchObject({
			source: "python",
			failure: expect.stringContaining("2.12.0; 2.11.0 is needed"),
		});
	});
});

function pythonPath(): string {
	const { execFileSync } = process.getBuiltinModule("node:child_process");
	return execFileSync("python3", ["-c", "import sys;print(sys.executable)"], { encoding: "utf8" }).trim();
}
