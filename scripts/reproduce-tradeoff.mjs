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
import { measureOrpo } from "./tradeoff/orpo.mjs";
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
	const orpo = join(values.output, "orpo.json");
	writeFileSync(orpo, orpoConfig(JSON.parse(readFileSync(config, "utf8"))));
	for (const [file, output] of [
		[config, values.output],
		[orpo, join(values.output, "orpo")],
	]) {
		process.exitCode = await sweep([file, ...set, "--output", output]);
		if (process.exitCode > 1) return;
	}
	report(rows);
}

/** The same sweep for ORPO alone: a reference would have no effect on it, and its loss has no gap to the optima. */
function orpoConfig({ reference: _, optima: __, sweep: { seeds }, ...config }) {
	return JSON.stringify({ ...config, sweep: { strategies: ["orpo"], seeds } });
}

/** Exit code of the sweep: 1 when single runs failed. An interrupt goes to it, too; it then saves and ends by itself. */
async function sweep(options) {
	process.on("SIGINT", () => {});
	const child = spawn(process.execPath, [program, "sweep", ...options], { stdio: "inherit" });
	const [code] = await once(child, "exit");
	return code ?? 130;
}

function report(rows) {
	const read = (folder) => JSON.parse(readFileSync(join(folder, "front.json"), "utf8"));
	const result = read(values.output);
	const folder = join(values.output, "orpo");
	const pairs = resolve(values.output, "data/preference/test.jsonl");
	const orpo = measureOrpo(read(folder).points, { program, folder, pairs, beta: 0.1, optima: result.optima });
	const machine = JSON.parse(execFileSync(process.execPath, [program, "doctor", "--json"], { encoding: "utf8" }));
	mkdirSync(values.docs, { recursive: true });
	const plots = ["front", "trajectories"].map((name) => {
		const file = `tradeoff-${name}.svg`;
		copyFileSync(join(values.output, `${name}.svg`), join(values.docs, file));
		return file;
	});
	const table = readFileSync(join(values.output, "table.md"), "utf8");
	const sources = { preference: basename(values.preference), sft: basename(values.sft), set: values.set };
	const path = join(values.docs, "results.md");
	writeFileSync(path, resultsMarkdown({ result, orpo, table, rows, sources, machine, plots }));
	console.error(`wrote ${relative(process.cwd(), path)}`);
}

if (!existsSync(program)) throw new Error(`${program} is missing: npm run build:ts`);
await main();
