import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../../errors.js";
import type { Env } from "./layout.js";
import type { Pins, WheelPin } from "./pins.js";

/** The Python whose pip works, or null where there is none. */
export async function findPip(env: Env): Promise<string | null> {
	for (const python of ["python3", "python"]) {
		const { code } = await execute(python, ["-m", "pip", "--version"], env);
		if (code === 0) return python;
	}
	return null;
}

export interface PipOptions {
	python: string;
	env: Env;
	tags: Pins["tags"];
	signal?: AbortSignal;
	/** Bytes of this wheel that are here so far. */
	progress?(bytes: number): void;
}

/**
 * Downloads one pinned wheel into `folder`, running nothing of it.
 * @throws XrightError NETWORK or DISK_FULL with pip's own last line
 */
export async function pipDownload(wheel: WheelPin, folder: string, options: PipOptions): Promise<void> {
	const { python, tags } = options;
	const flags = ["--no-deps", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off"];
	const target = ["--only-binary=:all:", "--python-version", tags.python, "--implementation", tags.implementation];
	for (const abi of tags.abis) target.push("--abi", abi);
	for (const platform of tags.platforms) target.push("--platform", platform);
	const args = ["-m", "pip", "download", ...flags, ...target, "--dest", folder, `${wheel.name}==${wheel.version}`];
	// pip writes the unfinished file below TMPDIR: on the right disk, and its size is the progress.
	const env = { ...options.env, TMPDIR: folder };
	const timer = setInterval(async () => options.progress?.(Math.min(wheel.bytes, await largestBelow(folder))), 300);
	const { code, output } = await execute(python, args, env, options.signal).finally(() => clearInterval(timer));
	options.signal?.throwIfAborted();
	if (code === 0) return;
	const last = output.trim().split("\n").at(-1) ?? `exit code ${code}`;
	if (/No space left/.test(output))
		throw new XrightError("DISK_FULL", `No space left in ${folder}`, { detail: output });
	throw new XrightError("NETWORK", `pip could not download ${wheel.name}==${wheel.version}: ${last}`, {
		hint: "Check the network or pip's index settings and run again: npx xright-native setup (finished parts are kept)",
		detail: output,
	});
}

/** Size of the file in `folder`'s pip-* folders that is being written. */
async function largestBelow(folder: string): Promise<number> {
	let largest = 0;
	try {
		for (const name of await readdir(folder, { recursive: true })) {
			if (!/^pip-/.test(name) || !name.endsWith(".whl")) continue;
			largest = Math.max(largest, (await stat(join(folder, name))).size);
		}
	} catch {
		// A file moved while it was counted: the next look counts again.
	}
	return largest;
}

function execute(command: string, args: string[], env: Env, signal?: AbortSignal) {
	return new Promise<{ code: number; output: string }>((resolve) => {
		const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, stdio: ["ignore", "pipe", "pipe"], signal });
		let output = "";
		for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
		child.on("error", (error) => resolve({ code: 127, output: `${output}\n${error.message}` }));
		child.on("close", (code) => resolve({ code: code ?? 1, output }));
	});
}
