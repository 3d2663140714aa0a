import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Pins, WheelPin } from "../../../lib/native/libtorch/pins.js";
import type { ZipFile } from "../../files/zip.js";

/** The files LibTorch is recognised by, as small as the checks allow. */
export function torchFiles(version = "2.11.0+cu130", prefix = "torch"): ZipFile[] {
	return [
		{ name: `${prefix}/version.py`, data: `__version__ = '${version}'\n` },
		{ name: `${prefix}/__init__.py`, data: "raise SystemExit('must not be unpacked')" },
		{ name: `${prefix}/lib/libtorch_cpu.so`, data: Buffer.alloc(1_100_000, 7), stored: true },
		{ name: `${prefix}/lib/libtorch_cuda.so`, data: "cuda" },
		{ name: `${prefix}/lib/libtorch_python.so`, data: "python" },
		{ name: `${prefix}/lib/libc10.so`, data: "c10" },
		{ name: `${prefix}/lib/libgomp.so.1`, data: "gomp" },
		{ name: `${prefix}/include/ATen/ATen.h`, data: "// ATen" },
		{ name: `${prefix}/include/c10/core/Device.h`, data: "// c10" },
		{ name: `${prefix}/include/torch/csrc/api/include/torch/torch.h`, data: "// torch" },
	];
}

export const runtimeFiles: ZipFile[] = ["cudart", "cupti"].map((name) => ({
	name: `nvidia/cu13/lib/lib${name}.so.13`,
	data: name,
}));

export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "xright-libtorch-"));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/** Writes files as an unpacked LibTorch has them. */
export async function writeTree(root: string, files: ZipFile[]): Promise<void> {
	for (const { name, data } of files) {
		await mkdir(dirname(join(root, name)), { recursive: true });
		await writeFile(join(root, name), data);
	}
}

export function pinOf(name: string, data: Buffer): WheelPin {
	const sha256 = createHash("sha256").update(data).digest("hex");
	const unpacked = { cpu: data.length, cu130: data.length };
	return { name, version: "1", file: `${name}-1-py3-none-any.whl`, bytes: data.length, unpacked, sha256, cuda: false };
}

export function pinsOf(wheels: WheelPin[], archive = "http://127.0.0.1:1/libtorch.zip"): Pins {
	const pin = { url: archive, bytes: 1000, unpacked: 1000, sha256: null };
	const tags = { python: "3.12", implementation: "cp", abis: ["none"], platforms: ["any"] };
	return { version: "2.11.0", tags, wheels, archives: { cpu: pin, cu130: pin } };
}

/**
 * A PATH folder whose `python3 -m pip download` copies wheels from `index`, or runs `failure` (shell). Each download
 * is noted in `index/log`.
 */
export async function fakePip(root: string, failure = ""): Promise<{ bin: string; index: string }> {
	const [bin, index] = [join(root, "bin"), join(root, "index")];
	await mkdir(bin, { recursive: true });
	await mkdir(index, { recursive: true });
	const script = `#!/bin/sh
case "$*" in
*"pip --version") exit 0 ;;
*"pip download"*) ;;
*) echo; exit 0 ;;
esac
${failure}
while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest="$2"; shift; done
name="\${1%%==*}"
echo "$name" >> '${index}/log'
cp '${index}'/"$name"-*.whl "$dest"/
`;
	await writeFile(join(bin, "python3"), script);
	await chmod(join(bin, "python3"), 0o755);
	return { bin, index };
}
