import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { XrightError } from "../../errors.js";

/** A usable LibTorch. */
export interface LibTorch {
	/** Folder with lib/ and include/. */
	torch: string;
	lib: string;
	version: string;
	/** libtorch_cuda.so and what it needs are there too. */
	cuda: boolean;
}

/** Written last into a cache entry: the sizes of its shared libraries, to notice a half-written one. */
export const manifestName = "xright-libtorch.json";

export interface Manifest {
	version: string;
	source: string;
	/** Path inside the entry → bytes. */
	libraries: Record<string, number>;
}

/** 1 MB: a real libtorch_cpu.so has hundreds; a stub or a truncated one does not pass for it. */
const minimumBytes = 1_000_000;

const headers = ["include/ATen/ATen.h", "include/c10/core/Device.h", "include/torch/csrc/api/include/torch/torch.h"];

/** Accepts LibTorch's folder itself, or one that holds it as `torch` or `libtorch`. */
export function torchFolder(folder: string): string {
	const inner = [folder, join(folder, "torch"), join(folder, "libtorch")];
	return inner.find((candidate) => existsSync(join(candidate, "lib"))) ?? folder;
}

/**
 * Checks a folder without loading anything: version, libraries, headers, the CUDA runtime stubs libtorch_cpu.so needs.
 * @throws XrightError LIBTORCH_MISSING or LIBTORCH_VERSION with the reason
 */
export function verifyLibTorch(folder: string, wanted: string): LibTorch {
	if (!existsSync(folder)) throw missing(`${folder} does not exist`);
	const torch = torchFolder(folder);
	const lib = join(torch, "lib");
	const version = readVersion(torch);
	if (version === undefined) throw missing(`${torch} has neither version.py nor build-version: not a LibTorch folder`);
	if (version.split("+")[0] !== wanted) {
		throw new XrightError("LIBTORCH_VERSION", `${torch} holds LibTorch ${version}; ${wanted} is needed`);
	}
	for (const header of headers) {
		if (!existsSync(join(torch, header))) throw missing(`${join(torch, header)} is missing`);
	}
	checkSize(join(lib, "libtorch_cpu.so"), minimumBytes);
	checkSize(join(lib, "libc10.so"), 1);
	if (openMp(lib) === undefined) throw missing(`${join(lib, "libgomp.so.1")} is missing`);
	checkManifest(torch);
	if (!/\+cpu$/.test(version)) {
		for (const name of ["libcudart.so.13", "libcupti.so.13"]) {
			if (!findLibrary(torch, name)) {
				throw missing(
					`${name}, which libtorch_cpu.so ${version} needs, is not in ${libraryFolders(torch).join(" or ")}`,
				);
			}
		}
	}
	const cudaNeeds = ["libtorch_cuda.so", "libc10_cuda.so"].every((name) => existsSync(join(lib, name)));
	return {
		torch,
		lib,
		version,
		cuda: cudaNeeds && ["libcublas.so.13", "libcudnn.so.9"].every((n) => findLibrary(torch, n)),
	};
}

/** OpenMP as shipped: `libgomp.so.1` in wheels, `libgomp-<hash>.so.1` in archives. */
export function openMp(lib: string): string | undefined {
	const name = readdirSync(lib).find((file) => /^libgomp(-[0-9a-f]+)?\.so\.1$/.test(file));
	return name && join(lib, name);
}

function readVersion(torch: string): string | undefined {
	const read = (name: string) => {
		const file = join(torch, name);
		return existsSync(file) && statSync(file).size < 100_000 ? readFileSync(file, "utf8") : undefined;
	};
	return /^__version__ = ["']([^"'\n]+)["']/m.exec(read("version.py") ?? "")?.[1] ?? read("build-version")?.trim();
}

function checkSize(file: string, least: number): void {
	const size = existsSync(file) ? statSync(file).size : -1;
	if (size < 0) throw missing(`${file} is missing`);
	if (size < least) throw missing(`${file} has only ${size} bytes: half-unpacked`);
}

function checkManifest(torch: string): void {
	const file = join(dirname(torch), manifestName);
	if (!existsSync(file)) return;
	const { libraries } = parseManifest(file);
	for (const [name, bytes] of Object.entries(libraries)) {
		const path = join(dirname(torch), name);
		const size = existsSync(path) ? statSync(path).size : 0;
		if (size !== bytes) throw missing(`${path} has ${size} of ${bytes} bytes: half-unpacked`);
	}
}

function parseManifest(file: string): Manifest {
	try {
		const value = JSON.parse(readFileSync(file, "utf8")) as Manifest;
		if (typeof value.libraries === "object" && value.libraries !== null) return value;
	} catch {}
	throw missing(`${file} is damaged`);
}

function libraryFolders(torch: string): string[] {
	const nvidia = join(dirname(torch), "nvidia");
	const wheels = ["cu13", "cudnn", "cusparselt", "nccl", "nvshmem"].map((name) => join(nvidia, name, "lib"));
	return [join(torch, "lib"), ...wheels.filter((folder) => existsSync(folder))];
}

/** Looks where libtorch_cpu.so's RUNPATH points, also for archive names such as `libcudart-f63c8ea7.so.13`. */
function findLibrary(torch: string, soname: string): boolean {
	const [stem = "", ...rest] = basename(soname).split(".");
	const pattern = new RegExp(`^${stem}(-[0-9a-f]+)?\\.${rest.join("\\.")}`);
	return libraryFolders(torch).some((folder) => readdirSync(folder).some((name) => pattern.test(name)));
}

function missing(reason: string): XrightError {
	return new XrightError("LIBTORCH_MISSING", reason);
}
