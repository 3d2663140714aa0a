import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pins } from "../lib/native/libtorch/pins.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("package.json", () => {
	it("makes npm run nothing at install time of a dependency", () => {
		expect(manifest.gypfile).toBe(false);
		for (const name of ["preinstall", "install", "postinstall"]) expect(manifest.scripts).not.toHaveProperty(name);
	});

	it("has no `build` script, before which npm would run `prebuild` by itself", () => {
		expect(manifest.scripts).toHaveProperty("prebuild");
		expect(manifest.scripts).not.toHaveProperty("build");
	});

	it("tells cmake-js to use Node-API headers, so that it downloads none", () => {
		expect(manifest.binary.napi_versions).toEqual([9]);
	});

	it("is an ES module with types first", () => {
		expect(manifest.type).toBe("module");
		expect(Object.keys(manifest.exports["."])[0]).toBe("types");
		expect(manifest.engines.node).toBe(">=20.19");
	});

	it("pins every dependency exactly", () => {
		const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
		expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([]);
	});

	it("starts the command line with a shebang", () => {
		expect(manifest.bin).toEqual({ "xright-native": "dist/cli/main.js" });
		expect(readFileSync(join(root, "lib/cli/main.ts"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
	});

	it("packs sources, build files and no test", () => {
		const options = {
			cwd: root,
			encoding: "utf8" as const,
			stdio: ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"],
		};
		const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], options));
		const names = (files as { path: string }[]).map(({ path }) => path);
		for (const name of ["CMakeLists.txt", "binding.gyp", "scripts/prepare.mjs", "native/cmake/build.mjs"])
			expect(names).toContain(name);
		expect(names.filter((name) => /^(test|bench\/(?!peers\/)|build\/|node_modules|runs)/.test(name))).toEqual([]);
	});
});

describe("the pinned wheels", () => {
	it("are complete: one name each, sha256, sizes, and a tag that is asked for", () => {
		expect(new Set(pins.wheels.map(({ name }) => name)).size).toBe(pins.wheels.length);
		for (const wheel of pins.wheels) {
			expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
			expect(wheel.bytes).toBeGreaterThan(100_000);
			expect(wheel.unpacked.cpu).toBeLessThanOrEqual(wheel.unpacked.cu130);
			const platforms = wheel.file
				.replace(/\.whl$/, "")
				.split("-")
				.at(-1)!
				.split(".");
			expect(platforms.some((platform) => pins.tags.platforms.includes(platform))).toBe(true);
		}
	});

	it("serve a CPU with three of them", () => {
		const names = pins.wheels.filter(({ cuda }) => !cuda).map(({ name }) => name);
		expect(names).toEqual(["torch", "nvidia-cuda-runtime", "nvidia-cuda-cupti"]);
	});
});
