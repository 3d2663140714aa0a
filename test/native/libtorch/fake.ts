import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { onTestFinished } from "vitest";
import type { Pins, WheelPin } from "../../../lib/native/libtorch/pins.js";

export interface ZipFile {
	name: string;
	data: Buffer | string;
	/** Fields to falsify. */
	size?: number;
	crc?: number;
	mode?: number;
	headerName?: string;
	stored?: boolean;
}

/** A ZIP archive made by hand, so that every field can be wrong. */
export function makeZip(files: ZipFile[]): Buffer {
	const locals: Buffer[] = [];
	const directory: Buffer[] = [];
	let offset = 0;
	for (const file of files) {
		const data = Buffer.from(file.data as string);
		const packed = file.stored ? data : deflateRawSync(data);
		const name = Buffer.from(file.name);
		const localName = Buffer.from(file.headerName ?? file.name);
		const local = Buffer.alloc(30);
		local.writeUInt32LE(0x04034b50, 0);
		local.writeUInt16LE(localName.length, 26);
		const central = Buffer.alloc(46);
		central.writeUInt32LE(0x02014b50, 0);
		central.writeUInt16LE(file.stored ? 0 : 8, 10);
		central.writeUInt32LE(file.crc ?? crc32(data), 16);
		central.writeUInt32LE(packed.length, 20);
		central.writeUInt32LE(file.size ?? data.length, 24);
		central.writeUInt16LE(name.length, 28);
		central.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 38);
		central.writeUInt32LE(offset, 42);
		locals.push(local, localName, packed);
		directory.push(central, name);
		offset += 30 + localName.length + packed.length;
	}
	const end = Buffer.alloc(22);
	end.writeUInt32LE(0x06054b50, 0);
	end.writeUInt16LE(files.length, 10);
	end.writeUInt32LE(Buffer.concat(directory).length, 12);
	end.writeUInt32LE(offset, 16);
	return Buffer.concat([...locals, ...directory, end]);
}

/** Adds the RECORD a wheel has. */
export function makeWheel(files: ZipFile[]): Buffer {
	const hash = (data: Buffer | string) => createHash("sha256").update(data).digest("base64url");
	const lines = files.map(({ name, data }) => `${name},sha256=${hash(data)},${data.length}`);
	return makeZip([...files, { name: "fake-1.dist-info/RECORD", data: `${lines.join("\n")}\n` }]);
}

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
