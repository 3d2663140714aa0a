import { sweepPlanText, sweepText } from "../render/sweep.js";
import { SweepView } from "../render/sweep-view.js";
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

export const sweep = defineCommand({
	command: "sweep <config>",
	describe: "Compare strategies: every one at every λ with every seed, as the sweep section of a configuration says",
	positionals: { config: configOption },
	options: {
		set: setOption,
		output: { ...outputOption, describe: "Folder of the sweep" },
		"dry-run": dryRunOption,
		json: jsonEventsOption,
	},
	examples: [
		["$0 sweep examples/sweep.json", "a small one; the same command continues it after an interruption"],
		["$0 sweep my.json --set 'sweep.seeds=[1,2,3]'", "override keys"],
		["$0 sweep my.json --dry-run", "what would run, and what is finished"],
	],
	run: async ({ config: path, set, output, dryRun, json }) => {
		const { loadSweep } = await import("../../sweep/grid.js");
		const sweeps = await import("../../sweep/sweep.js");
		const grid = await loadSweep(path, { set, output });
		const view = new SweepView();
		const work = async (signal: AbortSignal) => {
			if (dryRun) {
				const plan = await follow(sweeps.planSweep(grid, { signal }), view, false);
				process.stdout.write(json ? jsonLine({ event: "plan", ...plan }) : `${sweepPlanText(plan)}\n`);
				return 0;
			}
			const result = await follow(sweeps.sweep(grid, { signal }), view, json);
			process.stdout.write(json ? jsonLine({ event: "end", ...result }) : `${sweepText(result, grid.output)}\n`);
			return result.status === "failed" ? 1 : 0;
		};
		try {
			return await withSignals(work, () => view.line("stopping after this micro-batch; once more to leave at once"));
		} finally {
			view.close();
		}
	},
});
