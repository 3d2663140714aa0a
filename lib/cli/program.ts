import { readFileSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { XrightError } from "../errors.js";
import { commands } from "./commands/index.js";
import { reportError } from "./report-error.js";

const epilogue = `Exit codes: 0 done, 1 the run failed, 2 bad usage, configuration, data or model file, 3 environment, 130/143 signals.
Start: xright-native run examples/quickstart.json`;

/** Runs one command line and resolves with the exit code; prints errors to stderr. */
export async function main(args: string[]): Promise<number> {
	leaveWhenPipeCloses();
	try {
		const { exitCode } = await buildParser().parseAsync(args);
		return typeof exitCode === "number" ? exitCode : 0;
	} catch (error) {
		return reportError(error, args.includes("--verbose"));
	}
}

/** The parser with every command; used by the test that freezes the flags as well. */
export function buildParser(): Argv {
	const parser = yargs()
		.scriptName("xright-native")
		.usage("$0 <command>\n\nTrains language models on supervised and preference data at once.")
		.version(packageVersion())
		.option("verbose", { type: "boolean", default: false, describe: "Show technical details of errors" })
		.strict()
		.recommendCommands()
		.demandCommand(1, "Name a command.")
		.help()
		.alias("h", "help")
		.epilogue(epilogue)
		.wrap(Math.min(110, process.stdout.columns ?? 110))
		.exitProcess(false)
		.fail((message, error) => {
			if (error !== undefined && error.name !== "YError") throw error;
			throw new XrightError("USAGE", message ?? error.message, {
				hint: "`xright-native --help` lists commands and flags.",
			});
		});
	for (const command of commands) parser.command(command);
	return parser;
}

function packageVersion(): string {
	const file = new URL("../../package.json", import.meta.url);
	return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** A reader like `head` that closes its end is no error worth a stack trace. */
function leaveWhenPipeCloses(): void {
	for (const stream of [process.stdout, process.stderr]) {
		stream.on("error", (error: NodeJS.ErrnoException) => {
			if (error.code === "EPIPE") process.exit(1);
			throw error;
		});
	}
}
