import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const runner = fileURLToPath(new URL("run-ts.mjs", import.meta.url));

export interface Finished {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

export interface Child {
	process: ChildProcess;
	/** Resolves once the child has printed this text. */
	printed(text: string): Promise<void>;
	finished: Promise<Finished>;
}

/** Command line that runs the default export of a TypeScript file (URL) with these arguments. */
export function command(file: URL, args: string[] = []): string[] {
	return [process.execPath, runner, fileURLToPath(file), ...args];
}

/** Starts the default export of a TypeScript file in a process of its own; `wrapper` goes before node. */
export function startChild(file: URL, args: string[] = [], wrapper: string[] = []): Child {
	const [program, ...rest] = [...wrapper, ...command(file, args)] as [string, ...string[]];
	const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
	const output = { stdout: "", stderr: "" };
	for (const name of ["stdout", "stderr"] as const) {
		child[name].setEncoding("utf8").on("data", (text: string) => {
			output[name] += text;
		});
	}
	let ended = false;
	const finished = once(child, "close").then(([code, signal]): Finished => {
		ended = true;
		return { code, signal, ...output };
	});
	const printed = async (text: string) => {
		while (!output.stdout.includes(text)) {
			if (ended) throw new Error(`the child never printed ${text}: ${output.stdout}${output.stderr}`);
			await Promise.race([once(child.stdout, "data"), finished]);
		}
	};
	return { process: child, printed, finished };
}
