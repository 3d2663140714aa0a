import type { ArgumentsCamelCase, Argv, CommandModule, InferredOptionTypes, Options, PositionalOptions } from "yargs";
import type { Job } from "../../train/job.js";

interface Definition<P extends Record<string, PositionalOptions>, O extends Record<string, Options>> {
	command: string;
	describe: string;
	positionals?: P;
	options?: O;
	examples: [string, string][];
	/** Resolves with the exit code. */
	run(args: ArgumentsCamelCase<InferredOptionTypes<P & O>> & { verbose: boolean }): Promise<number>;
}

/** One command of the command line. */
export function defineCommand<
	P extends Record<string, PositionalOptions> = Record<never, never>,
	O extends Record<string, Options> = Record<never, never>,
>(definition: Definition<P, O>): CommandModule {
	return {
		command: definition.command,
		describe: definition.describe,
		builder: (yargs: Argv) => {
			for (const [name, options] of Object.entries(definition.positionals ?? {})) yargs.positional(name, options);
			return yargs.options(definition.options ?? {}).example(definition.examples);
		},
		// yargs hands the arguments back to the caller; the exit code travels in them.
		handler: async (args) => {
			args.exitCode = await definition.run(args as never);
		},
	};
}

export const configOption = { type: "string", demandOption: true, describe: "Configuration file (JSON)" } as const;

export const setOption = {
	type: "string",
	array: true,
	nargs: 1,
	requiresArg: true,
	default: [] as string[],
	describe: "Override a key of the configuration, such as train.steps=100; may be repeated",
} as const;

export const outputOption = { type: "string", requiresArg: true, describe: "Folder of the run" } as const;

export const dryRunOption = {
	type: "boolean",
	default: false,
	describe: "Check configuration, model and data, print the plan, train nothing",
} as const;

export const jsonEventsOption = {
	type: "boolean",
	default: false,
	describe: "Print every event as a JSON line on stdout",
} as const;

export function jsonLine(value: object): string {
	return `${JSON.stringify(value)}\n`;
}

/** Hands a job's events to a view (and, with `json`, to stdout) until it ends, and gives its result. */
export async function follow<Result, Event extends object>(
	job: Job<Result, Event>,
	view: { show(event: Event): void; close(): void },
	json: boolean,
): Promise<Result> {
	for await (const event of job) {
		view.show(event);
		if (json) process.stdout.write(jsonLine(event));
	}
	view.close();
	return job.result;
}
