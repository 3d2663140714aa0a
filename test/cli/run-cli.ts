import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const cliPath = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CliResult {
	/** null when a signal ended the process. */
	code: number | null;
	stdout: string;
	stderr: string;
}

/** Runs the compiled command line as a child process, without a terminal, and collects what it prints. */
export function runCli(args: string[], env: Record<string, string> = {}): Promise<CliResult> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [cliPath, ...args], { env: { ...process.env, ...env } });
		const result: CliResult = { code: null, stdout: "", stderr: "" };
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			result.stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			result.stderr += text;
		});
		child.on("error", reject).on("close", (code) => resolve({ ...result, code }));
	});
}
