import { planText } from "../render/plan.js";
import { RunView } from "../render/run-view.js";
import { summaryText } from "../render/summary.js";
import { withSignals } from "../signals.js";
import {
	configOption,
	defineCommand,
	dryRunOption,
	follow,
	jsonEventsOption,
	jsonLine,
	outputOption,
	setOption,
} from "./define.js";

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
			describe: "Continue from the newest intact checkpoint of the output folder",
		},
		"dry-run": dryRunOption,
		json: jsonEventsOption,
		profile: {
			type: "boolean",
			default: false,
			describe: "Measure time and TFLOP/s of every native op; the summary holds them",
		},
	},
	examples: [
		["$0 run examples/quickstart.json", "train the small example"],
		["$0 run my.json --set train.steps=200 --output runs/short", "override keys"],
		["$0 run my.json --resume", "continue after an interruption"],
	],
	run: async ({ config: path, set, output, resume, dryRun, json, profile }) => {
		const { loadConfig } = await import("../../config/load.js");
		const train = await import("../../train/run.js");
		const config = await loadConfig(path, { set, output });
		const view = new RunView();
		const work = async (signal: AbortSignal) => {
			if (dryRun) {
				const plan = await follow(train.dryRun(config, { signal }), view, false);
				process.stdout.write(json ? jsonLine({ event: "plan", ...plan }) : `${planText(plan)}\n`);
			} else {
				const summary = await follow(train.run(config, { signal, resume, profile }), view, json);
				process.stdout.write(
					json ? jsonLine({ event: "end", ...summary }) : `${summaryText(summary, config.output)}\n`,
				);
			}
			return 0;
		};
		try {
			return await withSignals(work, () => view.line("stopping after this micro-batch; once more to leave at once"));
		} finally {
			view.close();
		}
	},
});
