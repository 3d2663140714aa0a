// Compiling the native part: finds the tools, explains what is missing, runs cmake-js.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, freemem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** An error with the exit code of the environment (3) unless told otherwise. */
export class BuildError extends Error {
	constructor(message, hint, exitCode = 3) {
		super(message);
		this.hint = hint;
		this.exitCode = exitCode;
	}
}

export function run(command, args, options = {}) {
	const { error, status, signal } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
	if (error) throw new BuildError(`${command} could not be started: ${error.message}`);
	if (signal) throw new BuildError(`${command} was ended by ${signal}`, undefined, signal === "SIGINT" ? 130 : 143);
	return status;
}

export function has(command, args = ["--version"]) {
	return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

const installTools = "Install them, for example on Debian or Ubuntu: apt-get install g++ cmake ninja-build";

/** The arguments for cmake-js, after checking that it can work at all. */
export function cmakeJsArguments(command, libtorch) {
	const compiler = process.env.CXX || "c++";
	const missing = [!has("cmake") && "cmake", !has(compiler) && `a C++20 compiler (${compiler})`].filter(Boolean);
	const generator = has("ninja") ? "Ninja" : has("make") ? "Unix Makefiles" : missing.push("ninja or make") && null;
	if (missing.length > 0) {
		throw new BuildError(`The native part cannot be compiled: missing ${missing.join(", ")}`, installTools);
	}
	// A file with ATen's headers takes about 1 GB to compile.
	const parallel = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / 1.5e9)));
	const cli = join(dirname(createRequire(import.meta.url).resolve("cmake-js/package.json")), "bin", "cmake-js");
	const options = ["--log-level", "warn", "--generator", generator, "--parallel", String(parallel)];
	return [cli, command, ...options, `--CDXRIGHT_LIBTORCH=${libtorch}`];
}

/** Configures and builds both native targets into build/Release; does nothing when they are up to date. */
export function buildNative(libtorch) {
	for (const command of ["configure", "build"]) {
		const status = run(process.execPath, cmakeJsArguments(command, libtorch));
		if (status !== 0) {
			const hint = "The compiler's messages are above. Delete the folder build/ if it came from another machine.";
			throw new BuildError("Compiling the native part failed", hint);
		}
	}
}

export function report(error) {
	process.stderr.write(`error: ${error.message}\n${error.hint ? `hint: ${error.hint}\n` : ""}`);
	if (!(error instanceof BuildError) && error.exitCode === undefined) process.stderr.write(`${error.stack}\n`);
	return error.exitCode ?? 1;
}
