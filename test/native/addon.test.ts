import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { XrightError } from "../../lib/errors.js";
import { loadAddon, searchAddon } from "../../lib/native/addon.js";
import { loadRuntime } from "../../lib/native/session.js";
import { temporaryFolder } from "./libtorch/fake.js";

describe("loadAddon", () => {
	it("loads what npm ci built, without LibTorch", () => {
		const { addon, core } = loadAddon({});
		expect(addon.build.torch).toMatch(/^2\.11\.0/);
		expect(dirname(core)).toMatch(/build\/Release$|prebuilds\/linux-x64$/);
	});

	it("says where it looked and what to do when there is none", async () => {
		const folder = await temporaryFolder();
		const attempt = () => loadAddon({ XRIGHT_ADDON: folder });
		expect(attempt).toThrow(XrightError);
		expect(attempt).toThrow(`${join(folder, "xright_native.node")}: does not exist`);
		expect(searchAddon({ XRIGHT_ADDON: folder }).loaded).toBeNull();
	});

	it("explains a file of another platform and an addon without its core", async () => {
		const folder = await temporaryFolder();
		await writeFile(join(folder, "xright_native.node"), "MZ");
		expect(() => loadAddon({ XRIGHT_ADDON: folder })).toThrow(/libxright_core\.so is not beside it/);
		await writeFile(join(folder, "libxright_core.so"), "");
		const { places } = searchAddon({ XRIGHT_ADDON: folder });
		expect(places[0]?.failure).toMatch(/file too short|invalid ELF header/);
		expect(() => loadAddon({ XRIGHT_ADDON: folder })).toThrow(
			expect.objectContaining({ code: "ADDON_MISSING", exitCode: 3 }),
		);
	});

	it("chooses the binary of this system's C library", async () => {
		const folder = await temporaryFolder();
		const { path, core } = loadAddon({});
		await mkdir(folder, { recursive: true });
		await copyFile(core, join(folder, "libxright_core.so"));
		await writeFile(join(folder, "xright-native.musl.node"), "not for this system");
		await copyFile(path, join(folder, "xright-native.glibc.node"));
		expect(loadAddon({ XRIGHT_ADDON: folder }).path).toBe(join(folder, "xright-native.glibc.node"));
	});
});

describe("loadRuntime", () => {
	it("refuses a wrong LibTorch with the code of the environment", async () => {
		const folder = await temporaryFolder();
		const attempt = loadRuntime(loadAddon({}), "cpu", { XRIGHT_LIBTORCH: folder });
		await expect(attempt).rejects.toMatchObject({ code: "LIBTORCH_MISSING", exitCode: 3 });
	});
});
