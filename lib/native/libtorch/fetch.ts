import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { XrightError } from "../../errors.js";
import { hasNvidiaDriver } from "../../files/nvidia.js";
import { fileSha256 } from "../../files/sha256.js";
import { unpack } from "../../files/unpack.js";
import { download, sizeOf } from "./download.js";
import { cacheEntry, cacheRoot, type Env } from "./layout.js";
import { withLock } from "./lock.js";
import { type Pins, pins as realPins, type Variant, type WheelPin } from "./pins.js";
import { findPip, pipDownload } from "./pip.js";
import { selectArchive, selectWheel } from "./select.js";
import { type LibTorch, type Manifest, manifestName, verifyLibTorch } from "./verify.js";

/** What the progress callback is told. `total` null: not known. */
export interface FetchProgress {
	phase: "wait" | "download" | "check" | "unpack";
	what: string;
	bytes: number;
	total: number | null;
}

export interface FetchOptions {
	env?: Env;
	/** Fetch the CUDA libraries too; default: an NVIDIA driver is loaded. */
	cuda?: boolean;
	signal?: AbortSignal;
	progress?(progress: FetchProgress): void;
	pins?: Pins;
}

interface Job extends FetchOptions {
	env: Env;
	pins: Pins;
	variant: Variant;
	/** Kept between attempts. */
	downloads: string;
	/** Emptied at every attempt, renamed to the entry at the end. */
	tree: string;
	entry: string;
}

/**
 * Fetches the pinned LibTorch into the cache, or returns the one already there. May be interrupted at any time and
 * called again: finished downloads are kept, the entry appears by one rename.
 * @throws XrightError NETWORK, DISK_FULL, IO, LIBTORCH_MISSING (no build for this platform)
 */
export async function fetchLibTorch(options: FetchOptions = {}): Promise<LibTorch> {
	const { env = process.env, cuda = hasNvidiaDriver(), pins = realPins } = options;
	if (process.platform !== "linux" || process.arch !== "x64") {
		throw new XrightError("LIBTORCH_MISSING", `No LibTorch is pinned for ${process.platform}-${process.arch}`, {
			hint: `Set XRIGHT_LIBTORCH to a LibTorch ${pins.version} of your own`,
		});
	}
	const variant: Variant = cuda ? "cu130" : "cpu";
	const root = cacheRoot(env);
	const entry = cacheEntry(root, pins.version, variant);
	const partial = join(root, `.partial-${basename(entry)}`);
	const job: Job = {
		...options,
		env,
		pins,
		variant,
		entry,
		downloads: join(partial, "download"),
		tree: join(partial, "tree"),
	};
	const waiting = (pid: number) =>
		options.progress?.({ phase: "wait", what: `another setup (pid ${pid})`, bytes: 0, total: null });
	try {
		return await withLock(`${entry}.lock`, () => install(job, partial), { signal: options.signal, waiting });
	} catch (error) {
		throw explain(error, root);
	}
}

async function install(job: Job, partial: string): Promise<LibTorch> {
	try {
		return verifyLibTorch(job.entry, job.pins.version);
	} catch {
		// Missing or half-unpacked: made anew below.
	}
	await rm(job.tree, { recursive: true, force: true });
	await mkdir(job.downloads, { recursive: true });
	for (const name of await readdir(job.downloads)) {
		// pip's unfinished file of an attempt that was killed.
		if (name.startsWith("pip-")) await rm(join(job.downloads, name), { recursive: true, force: true });
	}
	const python = await findPip(job.env);
	const libraries = python ? await fromWheels(job, python) : await fromArchive(job);
	const manifest: Manifest = { version: job.pins.version, source: python ? "wheels" : "archive", libraries };
	await writeDurably(join(job.tree, manifestName), JSON.stringify(manifest, null, "\t"));
	verifyLibTorch(job.tree, job.pins.version);
	await rm(job.entry, { recursive: true, force: true });
	await rename(job.tree, job.entry);
	await rm(partial, { recursive: true, force: true });
	return verifyLibTorch(job.entry, job.pins.version);
}

async function fromWheels(job: Job, python: string): Promise<Record<string, number>> {
	const wheels = job.pins.wheels.filter((wheel) => job.variant !== "cpu" || !wheel.cuda);
	const missing: WheelPin[] = [];
	for (const wheel of wheels) if (!(await isComplete(job, wheel))) missing.push(wheel);
	const total = missing.reduce((sum, wheel) => sum + wheel.bytes, 0);
	const unpacked = wheels.reduce((sum, wheel) => sum + wheel.unpacked[job.variant], 0);
	await requireSpace(job, total + unpacked);
	let done = 0;
	for (const wheel of missing) {
		const progress = (bytes: number) =>
			job.progress?.({ phase: "download", what: wheel.name, bytes: done + bytes, total });
		progress(0);
		await pipDownload(wheel, job.downloads, {
			python,
			env: job.env,
			tags: job.pins.tags,
			signal: job.signal,
			progress,
		});
		done += wheel.bytes;
		if (!(await isComplete(job, wheel))) throw wrongHash(wheel);
	}
	return unpackWheels(job, wheels, unpacked);
}

async function unpackWheels(job: Job, wheels: WheelPin[], unpacked: number): Promise<Record<string, number>> {
	const libraries: Record<string, number> = {};
	let written = 0;
	for (const wheel of wheels) {
		const progress = (bytes: number) =>
			job.progress?.({
				phase: "unpack",
				what: wheel.name,
				bytes: Math.min(unpacked, written + bytes),
				total: unpacked,
			});
		const select = (name: string) => selectWheel(name, job.variant);
		const files = await unpack(join(job.downloads, wheel.file), job.tree, {
			select,
			broken: brokenArchive(wheel.file),
			record: true,
			signal: job.signal,
			progress,
		});
		for (const [name, bytes] of files) if (/\.so(\.|$)/.test(name)) libraries[name] = bytes;
		written += wheel.unpacked[job.variant];
	}
	return libraries;
}

/** True when the wheel is here and is the pinned one; one that is not is removed. */
async function isComplete(job: Job, wheel: WheelPin): Promise<boolean> {
	const file = join(job.downloads, wheel.file);
	if (!existsSync(file)) return false;
	job.progress?.({ phase: "check", what: wheel.file, bytes: 0, total: null });
	if ((await sizeOf(file)) === wheel.bytes && (await fileSha256(file, job.signal)) === wheel.sha256) return true;
	await rm(file);
	return false;
}

async function fromArchive(job: Job): Promise<Record<string, number>> {
	const pin = job.pins.archives[job.variant];
	const mirror = job.env.XRIGHT_LIBTORCH_MIRROR;
	const url = mirror ? new URL(basename(new URL(pin.url).pathname), mirror.replace(/\/?$/, "/")).href : pin.url;
	const file = join(job.downloads, `libtorch-${job.pins.version}-${job.variant}.zip`);
	await requireSpace(job, pin.bytes + pin.unpacked);
	if (!existsSync(file)) {
		const progress = (bytes: number, total: number | null) =>
			job.progress?.({ phase: "download", what: "LibTorch", bytes, total });
		await download(url, file, { signal: job.signal, progress });
	}
	try {
		if (pin.sha256 !== null && (await fileSha256(file, job.signal)) !== pin.sha256) {
			throw new XrightError("IO", `${url} does not match its pinned sha256`, {
				hint: "Run again: npx xright-native setup",
			});
		}
		const progress = (bytes: number) =>
			job.progress?.({ phase: "unpack", what: "LibTorch", bytes: Math.min(bytes, pin.unpacked), total: pin.unpacked });
		const select = (name: string) => selectArchive(name, job.variant);
		const files = await unpack(file, job.tree, {
			select,
			broken: brokenArchive(file),
			signal: job.signal,
			progress,
		});
		return Object.fromEntries([...files].filter(([name]) => /\.so(\.|$)/.test(name)));
	} catch (error) {
		// A damaged archive would fail again for ever; an interruption or a full disk would not.
		if (error instanceof XrightError && error.code === "IO") await rm(file, { force: true });
		throw error;
	}
}

/** Fails before the first byte when the disk cannot hold what is coming. */
async function requireSpace(job: Job, bytes: number): Promise<void> {
	const folder = dirname(job.entry);
	const { bavail, bsize } = await statfs(folder);
	const free = bavail * bsize;
	if (free >= bytes) return;
	const mb = (count: number) => `${Math.ceil(count / 1e6)} MB`;
	throw new XrightError("DISK_FULL", `LibTorch needs ${mb(bytes)} in ${folder}; only ${mb(free)} are free`, {
		hint: "Free some space, or set XDG_CACHE_HOME to a larger disk",
	});
}

function brokenArchive(name: string) {
	return (reason: string) =>
		new XrightError("IO", `${name} is not usable: ${reason}`, { hint: "Delete it and run: npx xright-native setup" });
}

function wrongHash(wheel: WheelPin): XrightError {
	return new XrightError("IO", `pip's ${wheel.file} is missing or is not the pinned file (sha256 ${wheel.sha256})`, {
		hint: "Check pip's index settings: a mirror may serve another build",
	});
}

async function writeDurably(file: string, text: string): Promise<void> {
	const handle = await open(file, "wx");
	try {
		await writeFile(handle, text);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

function explain(error: unknown, folder: string): unknown {
	const { code, message } = error as NodeJS.ErrnoException;
	if (code === "ENOSPC" || code === "EDQUOT") {
		return new XrightError("DISK_FULL", `No space left in ${folder}`, {
			hint: "Free some space, or set XDG_CACHE_HOME",
			cause: error,
		});
	}
	if (code && ["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code)) {
		return new XrightError("IO", `Cannot write ${folder}: ${message}`, {
			hint: "Set XDG_CACHE_HOME to a writable folder",
			cause: error,
		});
	}
	return error;
}
