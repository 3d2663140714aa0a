import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { XrightError } from "../../errors.js";
import { hasNvidiaDriver } from "../../files/nvidia.js";
import { cacheEntry, cacheRoot, type Env } from "./layout.js";
import { pins, type Variant } from "./pins.js";
import { type LibTorch, verifyLibTorch } from "./verify.js";

/** One place looked at, in order; `failure` is absent for the one that is used. */
export interface Place {
	source: "XRIGHT_LIBTORCH" | "cache" | "python";
	path: string;
	failure?: string;
}

export interface Search {
	found: LibTorch | null;
	places: Place[];
}

export interface FindOptions {
	env?: Env;
	version?: string;
	/** Prefer (never require) a LibTorch with CUDA; default: an NVIDIA driver is loaded. */
	cuda?: boolean;
}

const installHint = "Run: npx xright-native setup";

/** Looks in XRIGHT_LIBTORCH, the cache and the installed Pythons, in that order. A set XRIGHT_LIBTORCH is final. */
export async function searchLibTorch(options: FindOptions = {}): Promise<Search> {
	const { env = process.env, version = pins.version, cuda = hasNvidiaDriver() } = options;
	const places: Place[] = [];
	const attempt = (source: Place["source"], path: string): LibTorch | null => {
		try {
			const found = verifyLibTorch(path, version);
			places.push({ source, path: found.torch });
			return found;
		} catch (error) {
			places.push({ source, path, failure: (error as Error).message });
			return null;
		}
	};
	if (env.XRIGHT_LIBTORCH) return { found: attempt("XRIGHT_LIBTORCH", resolve(env.XRIGHT_LIBTORCH)), places };
	places.push({ source: "XRIGHT_LIBTORCH", path: "", failure: "not set" });
	const variants: Variant[] = cuda ? ["cu130", "cpu"] : ["cpu", "cu130"];
	let second: LibTorch | null = null;
	for (const variant of variants) {
		const found = attempt("cache", cacheEntry(cacheRoot(env), version, variant));
		if (found && (found.cuda || !cuda)) return { found, places };
		second ??= found;
	}
	const python = await pythonTorch(env);
	if (typeof python === "string") {
		const found = attempt("python", python);
		if (found && (second === null || found.cuda)) return { found, places };
	} else places.push({ source: "python", path: python.python, failure: python.failure });
	return { found: second, places };
}

/** @throws XrightError LIBTORCH_MISSING or LIBTORCH_VERSION that lists every place and why it failed */
export async function findLibTorch(options: FindOptions = {}): Promise<LibTorch> {
	const { found, places } = await searchLibTorch(options);
	if (found) return found;
	const { env = process.env, version = pins.version } = options;
	const looked = places.map((place) => `  ${place.source}${place.path && ` (${place.path})`}: ${place.failure}`);
	if (env.XRIGHT_LIBTORCH) {
		const failure = places[0]?.failure ?? "";
		const code = failure.includes("is needed") ? "LIBTORCH_VERSION" : "LIBTORCH_MISSING";
		throw new XrightError(code, `XRIGHT_LIBTORCH is not usable: ${failure}`, {
			hint: `Point XRIGHT_LIBTORCH to LibTorch ${version}, or unset it and run: npx xright-native setup`,
		});
	}
	throw new XrightError("LIBTORCH_MISSING", `LibTorch ${version} was not found. Looked in:\n${looked.join("\n")}`, {
		hint: installHint,
	});
}

// find_spec of a top-level package does not import it.
const probe =
	"import importlib.util,os;s=importlib.util.find_spec('torch');print(os.path.dirname(s.origin) if s and s.origin else '')";

/** Folder of the torch that `python3` (or `python`) would import, or why there is none. */
async function pythonTorch(env: Env): Promise<string | { python: string; failure: string }> {
	for (const python of ["python3", "python"]) {
		try {
			const options = { env: env as NodeJS.ProcessEnv, cwd: "/", timeout: 20_000 };
			const { stdout } = await promisify(execFile)(python, ["-c", probe], options);
			const folder = stdout.trim();
			if (folder && existsSync(join(folder, "lib"))) return folder;
			return { python, failure: "has no torch package" };
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
			return { python, failure: `did not answer: ${(error as Error).message.split("\n")[0]}` };
		}
	}
	return { python: "python3", failure: "there is no python3 on PATH" };
}
