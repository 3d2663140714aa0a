import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../errors.js";

/** Seconds pip waits for a connection; enough to tell a machine without network soon. */
const CONNECT_SECONDS = 10;
const secrets = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY"];

export interface PipOptions {
	env: NodeJS.ProcessEnv;
	signal?: AbortSignal | undefined;
}

/** Downloads one pinned wheel with Python's pip, with the index the user configured. Throws NETWORK or ABORTED. */
export async function pipDownload(requirement: string, folder: string, options: PipOptions): Promise<string> {
	const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"];
	args.push(
		"--disable-pip-version-check",
		`--timeout=${CONNECT_SECONDS}`,
		"--retries=1",
		`--dest=${folder}`,
		requirement,
	);
	await runPython(args, options);
	const wheels = (await readdir(folder)).filter((name) => name.endsWith(".whl"));
	if (wheels.length === 1) return join(folder, wheels[0] as string);
	throw new XrightError("NETWORK", `pip download ${requirement} left ${wheels.length} wheels`);
}

/** Runs `python3` with the environment less the tokens it has no use for. */
function runPython(args: string[], { env, signal }: PipOptions): Promise<void> {
	const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.includes(name)));
	return new Promise((resolve, reject) => {
		const child = spawn("python3", args, { env: clean, stdio: ["ignore", "ignore", "pipe"], signal });
		let log = "";
		child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			log = (log + text).slice(-4000);
		});
		child.on("error", (cause) => {
			if (signal?.aborted) return reject(new XrightError("ABORTED", "stopped while fetching the model", { cause }));
			reject(new XrightError("NETWORK", `python3 cannot be started (${cause.message})`, { cause }));
		});
		child.on("close", (code) => {
			if (code === 0) return resolve();
			const last = log.trim().split("\n").at(-1) ?? "";
			reject(new XrightError("NETWORK", `pip failed: ${last || `exit code ${code}`}`, { detail: log }));
		});
	});
}
