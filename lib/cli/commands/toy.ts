import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { toyStudies } from "../../toy/index.js";
import type { ToyReport } from "../../toy/types.js";
import { prettyJson, replaceFile, writeError } from "../../train/durable.js";
import { table } from "../render/format.js";
import { defineCommand } from "./define.js";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

export const toy = defineCommand({
	command: "toy <study>",
	describe: "Run the paper's log-linear problems through the strategies, in double precision",
	positionals: {
		study: { choices: Object.keys(toyStudies), demandOption: true, describe: "Which problem" },
	},
	options: {
		out: { type: "string", requiresArg: true, describe: "Folder for results.json and the plots (SVG)" },
		json: { type: "boolean", default: false, describe: "Print the result as one JSON object on stdout" },
	},
	examples: [
		["$0 toy lower-bound", "Theorem 3.3: Sequential keeps a gap, against the closed forms"],
		["$0 toy figure-2 --out figure-2", "both orders, both readings of Table 2, λ sweep; with plots"],
		["$0 toy rates --json", "Theorem 4.1: how the gap depends on the number of steps"],
	],
	run: async ({ study: name, out, json }) => {
		const started = performance.now();
		if (out !== undefined) await makeFolder(out);
		const { study } = await toyStudies[name]!();
		const report = study(seeds);
		process.stdout.write(json ? `${JSON.stringify(report.result)}\n` : `${tablesText(report)}\n`);
		const files = out === undefined ? "" : `; ${await writeReport(report, out)} files written to ${out}`;
		process.stderr.write(`done in ${((performance.now() - started) / 1000).toFixed(1)} s${files}\n`);
		return 0;
	},
});

function tablesText({ tables }: ToyReport): string {
	return tables.map(({ caption, rows }) => `${caption}\n\n${table(rows)}\n`).join("\n");
}

async function makeFolder(folder: string): Promise<void> {
	await mkdir(folder, { recursive: true }).catch((cause) => {
		throw writeError(folder, cause);
	});
}

/** Number of files written. */
async function writeReport(report: ToyReport, folder: string): Promise<number> {
	const charts = await report.charts();
	for (const { name, svg } of charts) await replaceFile(join(folder, `${name}.svg`), svg);
	await replaceFile(join(folder, "results.json"), prettyJson(report.result));
	return charts.length + 1;
}
