import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { XrightError } from "../errors.js";
import type { NativeAddon } from "./binding.js";
import type { Env } from "./libtorch/layout.js";
import { pins } from "./libtorch/pins.js";

/** A loaded addon, the file it came from and the core library that belongs to it. */
export interface LoadedAddon {
	addon: NativeAddon;
	path: string;
	core: string;
}

export interface AddonPlace {
	path: string;
	/** Absent for the one that loaded. */
	failure?: string;
}

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
const buildHint = `Run \`npm run build:native\` in ${packageRoot} (needs CMake and a C++20 compiler)`;

/** Folders looked at, in order: XRIGHT_ADDON, a local build, the prebuilt binary of this platform. */
export function addonFolders(env: Env = process.env): string[] {
	if (env.XRIGHT_ADDON) return [resolve(env.XRIGHT_ADDON)];
	return [join(packageRoot, "build", "Release"), join(packageRoot, "prebuilds", `${process.platform}-${process.arch}`)];
}

/** Tries every place; never throws. */
export function searchAddon(env: Env = process.env): { loaded: LoadedAddon | null; places: AddonPlace[] } {
	const places: AddonPlace[] = [];
	for (const folder of addonFolders(env)) {
		const path = addonFile(folder);
		try {
			const loaded = tryLoad(path);
			places.push({ path });
			return { loaded, places };
		} catch (error) {
			places.push({ path, failure: (error as Error).message });
		}
	}
	return { loaded: null, places };
}

/**
 * Loads the native addon. It has no LibTorch symbol, so this works before LibTorch is installed.
 * @throws XrightError ADDON_MISSING that lists every place and why it failed
 */
export function loadAddon(env: Env = process.env): LoadedAddon {
	const { loaded, places } = searchAddon(env);
	if (loaded) return loaded;
	const looked = places.map(({ path, failure }) => `  ${path}: ${failure}`).join("\n");
	throw new XrightError("ADDON_MISSING", `The native addon cannot be loaded:\n${looked}`, { hint: causeOf(looked) });
}

function addonFile(folder: string): string {
	const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".node")) : [];
	const libc = isGlibc() ? "glibc" : "musl";
	const fitting = names.find((name) => name.includes(libc)) ?? names.find((name) => !/glibc|musl/.test(name));
	return join(folder, fitting ?? "xright_native.node");
}

function tryLoad(path: string): LoadedAddon {
	if (!existsSync(path)) throw new Error("does not exist");
	const core = join(dirname(path), "libxright_core.so");
	if (!existsSync(core)) throw new Error("libxright_core.so is not beside it");
	const addon = createRequire(import.meta.url)(path) as NativeAddon;
	const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };
	if (addon.build.version !== version) {
		throw new Error(`was built for version ${addon.build.version}, the package is ${version}`);
	}
	if (addon.build.torch !== "" && addon.build.torch.split("+")[0] !== pins.version) {
		throw new Error(`was built against LibTorch ${addon.build.torch}, the package needs ${pins.version}`);
	}
	addon.setErrorClass(XrightError);
	return { addon, path, core };
}

/** The likely reason behind the dynamic linker's words, with the step that helps. */
function causeOf(failures: string): string {
	const glibc = /GLIBC(?:XX)?_[\d.]+' not found/.exec(failures)?.[0];
	if (glibc) return `The addon was built on a newer system (${glibc}). ${buildHint}`;
	if (/invalid ELF header|wrong ELF class|Exec format/.test(failures)) {
		return `The addon belongs to another platform (was node_modules copied?). ${buildHint}`;
	}
	if (/was built (for|against)/.test(failures)) return `The addon is out of date. ${buildHint}`;
	if (/ERR_DLOPEN_DISABLED|no-addons/.test(failures)) return "Node was started with --no-addons; start it without.";
	return buildHint;
}

function isGlibc(): boolean {
	const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
	return header.glibcVersionRuntime !== undefined;
}
