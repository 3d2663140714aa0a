import type { RunEvent, RunSummary } from "../../train/events.js";
import { RunView } from "../render/run-view.js";
import { summaryText } from "../render/summary.js";
import { withSignals } from "../signals.js";
import { configOption, defineCommand, outputOption, setOption } from "./define.js";

export const run = defineCommand({
	command: "run <config>",
	describe: "Train as a configuration file says",
	positionals: { config: configOption },
	options: {
		set: setOption,
		output: outputOption,
		resume: {
			type: "boolean",
			default: false,
			describe: "Continue from the newest valid checkpoint of the output folder",
		},
		"dry-run": {
			type: "boolean",
			default: false,
			describe: "Check configuration, model and data, say the plan, train nothing",
		},
		json: { type: "boolean", default: false, describe: "Print every event as a JSON line on stdout" },
	},
	examples: [
		["$0 run examples/quickstart.json", "train the small example"],
		["$0 run my.json --set train.steps=200 --output runs/short", "override keys"],
		["$0 run my.json --resume", "continue after an interruption"],
	],
	run: async ({ config: path, set, output, resume, dryRun, json }) => {
		const { loadConfig } = await import("../../config/load.js");
		const config = await loadConfig(path, { set, output });
		const view = new RunView();
		const notice = () => view.line("stopping after this micro-batch; once more to leave at once");
		try {
			return await withSignals(async (signal) => {
				const { run: start } = await import("../../train/run.js");
				await using job = start(config, { signal, resume, dryRun });
				for await (const event of job) {
					view.show(event);
					if (json) printJson(event);
				}
				const summary = await job.result;
				view.close();
				if (json) printJson({ event: "end", ...summary });
				else if (!dryRun) process.stdout.write(`${summaryText(summary, config.output)}\n`);
				return 0;
			}, notice);
		} finally {
			view.close();
		}
	},
});

function printJson(event: RunEvent | ({ event: "end" } & RunSummary)): void {
	process.stdout.write(`${JSON.stringify(event)}\n`);
}
