// The paper's claim on real data: Sequential in both orders, Mix, ALRIGHT, MAXRIGHT and ORPO on SmolLM2-135M-Instruct.
//   node scripts/reproduce-tradeoff.mjs --preference hh-rlhf/harmless-base/test.jsonl.gz --sft instructions.jsonl.gz
// Settings and grid: examples/tradeoff.json. Runs into --output (runs/tradeoff), then writes results.md with its plots to
// --docs (docs). --set key=value overrides keys of the configuration. The same command continues after an interruption;
// finished runs are kept.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepare } from "./tradeoff/data.mjs";
import { timesAtEqualBatches } from "./tradeoff/equal-batches.mjs";
import { resultsMarkdown } from "./tradeoff/results.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "dist/cli/main.js");
const { values } = parseArgs({
	options: {
		preference: { type: "string" },
		sft: { type: "string" },
		output: { type: "string", default: "runs/tradeoff" },
		docs: { type: "string", default: join(root, "docs") },
		set: { type: "string", multiple: true, default: [] },
	},
});

async function main() {
	if (!values.preference || !values.sft) {
		throw new Error(
			"usage: node scripts/reproduce-tradeoff.mjs --preference FILE --sft FILE [--output DIR] [--docs DIR]",
		);
	}
	const folder = (objective) => resolve(values.output, "data", objective);
	const rows = {
		preference: prepare("preference", values.preference, folder("preference")),
		sft: prepare("sft", values.sft, folder("sft")),
	};
	const paths = ["preference", "sft"].map((objective) => `data.${objective}.path=${folder(objective)}`);
	const set = [...paths, ...values.set].flatMap((override) => ["--set", override]);
	const config = join(root, "examples/tradeoff.json");
	// One run that is not counted finds the optima and fills the caches, or the first of the others would seem slower.
	const warmUp = ["--set", `sweep=${JSON.stringify({ strategies: ["sft"], seeds: [1] })}`];
	for (const [name, options] of [
		["warm-up", warmUp],
		["", []],
	]) {
		process.exitCode = await sweep([config, ...set, ...options, "--output", join(values.output, name)]);
		if (process.exitCode > 1) return;
	}
	report(rows);
}

/** Exit code of the sweep: 1 when single runs failed. An interrupt goes to it, too; it then saves and ends by itself. */
async function sweep(options) {
	process.on("SIGINT", () => {});
	const child = spawn(process.execPath, [program, "sweep", ...options], { stdio: "inherit" });
	const [code] = await once(child, "exit");
	return code ?? 130;
}

function report(rows) {
	const result = JSON.parse(readFileSync(join(values.output, "front.json"), "utf8"));
	const machine = JSON.parse(execFileSync(process.execPath, [program, "doctor", "--json"], { encoding: "utf8" }));
	mkdirSync(values.docs, { recursive: true });
	const plots = ["front", "trajectories"].map((name) => {
		const file = `tradeoff-${name}.svg`;
		copyFileSync(join(values.output, `${name}.svg`), join(values.docs, file));
		return file;
	});
	const times = timesAtEqualBatches(result, values.output);
	const table = readFileSync(join(values.output, "table.md"), "utf8");
	const sources = { preference: basename(values.preference), sft: basename(values.sft), set: values.set };
	const path = join(values.docs, "results.md");
	writeFileSync(path, resultsMarkdown({ result, times, table, rows, sources, machine, plots }));
	console.error(`wrote ${relative(process.cwd(), path)}`);
}

if (!existsSync(program)) throw new Error(`${program} is missing: npm run build:ts`);
await main();
