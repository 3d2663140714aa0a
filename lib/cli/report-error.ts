import { XrightError } from "../errors.js";
import { paint } from "./render/paint.js";

/** Prints an error for people (message, hint; technical parts only when asked) and returns its exit code. */
export function reportError(error: unknown, verbose: boolean): number {
	const known = error instanceof XrightError;
	const message = error instanceof Error ? error.message : String(error);
	const lines = [`${paint("red", "error:")} ${known ? message : `internal error: ${message}`}`];
	if (known && error.hint !== undefined) lines.push(`${paint("cyan", "hint:")} ${error.hint}`);
	if (!known && !verbose) lines.push("This is a fault of xright-native; --verbose shows where.");
	if (verbose) lines.push(...details(error));
	process.stderr.write(`${lines.join("\n")}\n`);
	return known ? error.exitCode : 1;
}

function details(error: unknown): string[] {
	const lines: string[] = [];
	for (let at: unknown = error; at instanceof Error; at = at.cause) {
		if (at !== error) lines.push("caused by:");
		if (at instanceof XrightError) lines.push(`code: ${at.code}`, ...(at.detail === undefined ? [] : [at.detail]));
		lines.push(at.stack ?? at.message);
	}
	return lines;
}
