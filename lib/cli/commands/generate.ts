import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RunConfig } from "../../config/schema.js";
import { XrightError } from "../../errors.js";
import type { RunEvent } from "../../train/events.js";
import { printable } from "../render/format.js";
import { RunView } from "../render/run-view.js";
import { withSignals } from "../signals.js";
import { defineCommand, setOption } from "./define.js";

export const generate = defineCommand({
	command: "generate <source>",
	describe: "Answer a prompt with the model of a configuration, or with what a run trained",
	positionals: {
		source: { type: "string", demandOption: true, describe: "Configuration file, or folder of a run" },
	},
	options: {
		prompt: { type: "string", requiresArg: true, conflicts: "file", describe: "The prompt" },
		file: { type: "string", requiresArg: true, describe: "File that holds the prompt; - reads standard input" },
		"max-new-tokens": { type: "number", default: 256, requiresArg: true, describe: "Longest answer in tokens" },
		temperature: { type: "number", default: 0, requiresArg: true, describe: "0 = greedy" },
		"top-p": {
			type: "number",
			default: 1,
			requiresArg: true,
			describe: "Sample from the likeliest tokens of this total probability",
		},
		template: {
			type: "boolean",
			default: true,
			describe: "Use the model's chat template (--no-template: the bare prompt)",
		},
		set: setOption,
	},
	examples: [
		['$0 generate runs/quickstart --prompt "How do I bake bread?"', "ask the trained model"],
		["$0 generate my.json --file question.txt --temperature 0.7 --top-p 0.9", "ask the model it starts from"],
	],
	run: async ({ source, prompt, file, maxNewTokens, temperature, topP, template, set }) => {
		checkNumbers(maxNewTokens, temperature, topP);
		const text = await promptText(prompt, file);
		const from = await findSource(source, set);
		const view = new RunView();
		const work = async (signal: AbortSignal) => {
			const { generate: answer } = await import("../../train/answer.js");
			const emit = (event: RunEvent) => view.show(event);
			const options = { prompt: text, template, maxNewTokens, temperature, topP, signal, emit };
			const show = process.stdout.isTTY ? printable : (piece: string) => piece;
			for await (const piece of answer(from, options)) {
				view.close();
				process.stdout.write(show(piece));
			}
			process.stdout.write("\n");
			return 0;
		};
		return withSignals(work, () => view.close());
	},
});

function checkNumbers(maxNewTokens: number, temperature: number, topP: number): void {
	const wrong = (flag: string, rule: string) => new XrightError("USAGE", `--${flag} must be ${rule}`);
	if (!Number.isSafeInteger(maxNewTokens) || maxNewTokens < 1)
		throw wrong("max-new-tokens", "a whole number of at least 1");
	if (!(temperature >= 0 && temperature <= 100)) throw wrong("temperature", "0 (greedy) or more");
	if (!(topP > 0 && topP <= 1)) throw wrong("top-p", "more than 0 and at most 1");
}

async function promptText(prompt: string | undefined, file: string | undefined): Promise<string> {
	if (prompt !== undefined) return prompt;
	if (file === undefined) throw new XrightError("USAGE", "give the prompt with --prompt TEXT or --file FILE");
	try {
		return await readFile(file === "-" ? "/dev/stdin" : file, "utf8");
	} catch (cause) {
		throw new XrightError("USAGE", `cannot read the prompt from ${file}: ${(cause as Error).message}`, { cause });
	}
}

/** The path of a run folder, or the configuration in a file. */
async function findSource(source: string, set: string[]): Promise<RunConfig | string> {
	const isFolder = existsSync(source) && statSync(source).isDirectory();
	if (!isFolder) return (await import("../../config/load.js")).loadConfig(source, { set, data: false });
	if (set.length > 0) throw new XrightError("USAGE", "--set changes a configuration file, not a finished run");
	return source;
}
