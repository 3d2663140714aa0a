// Our training step against TRL's on the same weights and rows, alternating so that a noisy machine hits both.
// Usage: node bench/main.mjs --python PYTHON --model DIR --pairs FILE --sft FILE [--rounds 5] [--steps 6] [--name NAME] [--only TRIAL]
// PYTHON has bench/peers/requirements.txt; DIR is a bfloat16 Hugging Face folder (bench/peers/dequantise.py makes one).
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";

const { values: o } = parseArgs({
	options: {
		python: { type: "string", default: "python3" },
		model: { type: "string" },
		pairs: { type: "string" },
		sft: { type: "string" },
		rounds: { type: "string", default: "5" },
		steps: { type: "string", default: "6" },
		ourSteps: { type: "string", default: "20" },
		batch: { type: "string", default: "4" },
		threads: { type: "string", default: "2" },
		name: { type: "string", default: "trl" },
		only: { type: "string" },
	},
});
for (const key of ["model", "pairs", "sft"])
	if (!o[key]) throw new Error(`--${key} is needed; see the top of bench/main.mjs`);

const here = new URL(".", import.meta.url).pathname;
const lastLine = (text) => JSON.parse(text.trim().split("\n").at(-1));
const trl = (objective, rows, ...flags) =>
	lastLine(
		execFileSync(
			o.python,
			[`${here}peers/trl_trainer.py`, objective, o.model, rows, o.steps, o.batch, o.threads, ...flags],
			quiet,
		),
	);
const ours = (objective, rows, ...flags) =>
	lastLine(
		execFileSync(
			"node",
			[`${here}trials/xright.mjs`, objective, o.model, rows, o.ourSteps, o.batch, o.threads, ...flags],
			quiet,
		),
	);
const quiet = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 };

/** Contenders of each trial; the first is what ratios are taken against. */
const trials = {
	dpo: {
		TRL: () => trl("dpo", o.pairs),
		"xright-native": () => ours("dpo", o.pairs),
		"xright-native, cached reference": () => ours("dpo", o.pairs, "cached"),
	},
	"dpo with gradient checkpointing": {
		TRL: () => trl("dpo", o.pairs, "checkpointing"),
		"xright-native": () => ours("dpo", o.pairs, "checkpointing"),
	},
	sft: {
		TRL: () => trl("sft", o.sft),
		"xright-native": () => ours("sft", o.sft),
	},
};
const chosen = Object.entries(trials).filter(([name]) => !o.only || o.only === name);

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const results = {};
for (const [trial, contenders] of chosen) {
	results[trial] = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
	for (let round = 0; round < Number(o.rounds); round++)
		for (const [name, measure] of Object.entries(contenders)) {
			const r = measure();
			results[trial][name].push(r);
			console.error(
				`${trial} round ${round + 1}: ${name} ${r.rows_per_second.toFixed(2)} rows/s, ${(r.peak_bytes / 1e9).toFixed(2)} GB`,
			);
		}
}

const lines = ["| trial | trainer | rows/s | speed | peak memory | memory |", "|---|---|---|---|---|---|"];
for (const [trial, byName] of Object.entries(results)) {
	const base = Object.values(byName)[0];
	for (const [name, runs] of Object.entries(byName)) {
		// Ratios round by round, because each round saw the machine in one state.
		const speed = median(runs.map((r, i) => r.rows_per_second / base[i].rows_per_second));
		const memory = median(runs.map((r, i) => r.peak_bytes / base[i].peak_bytes));
		const rate = median(runs.map((r) => r.rows_per_second));
		const bytes = median(runs.map((r) => r.peak_bytes));
		lines.push(
			`| ${trial} | ${name} | ${rate.toFixed(2)} | ${speed.toFixed(2)}× | ${(bytes / 1e9).toFixed(2)} GB | ${memory.toFixed(2)}× |`,
		);
	}
}
const runs = Object.values(results).flatMap((byName) => Object.values(byName).flat());
const crossing = median(runs.flatMap((r) => r.crossing_share ?? []));
const machine = `${os.cpus()[0].model}, ${o.threads} threads, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
const { version } = JSON.parse(readFileSync(`${here}../package.json`, "utf8"));
const versions = { "xright-native": version, node: process.version, ...runs[0].versions };
mkdirSync(`${here}results`, { recursive: true });
const text = [
	`# ${o.name}: SmolLM2-135M, bfloat16, LoRA r16 on q_proj and v_proj, batch ${o.batch}`,
	"",
	`${machine}; ${Object.entries(versions)
		.map(([k, v]) => `${k} ${v}`)
		.join(", ")}; medians of ${o.rounds} alternating rounds, ${new Date().toISOString().slice(0, 10)}.`,
	"",
	...lines,
	"",
	`Crossing between TypeScript and native code: ${(crossing * 100).toFixed(3)} % of a step.`,
	"",
].join("\n");
writeFileSync(`${here}results/${o.name}.md`, text);
writeFileSync(
	`${here}results/${o.name}.json`,
	`${JSON.stringify({ machine, versions, options: { steps: o.steps, ourSteps: o.ourSteps, batch: o.batch }, results }, null, "\t")}\n`,
);
console.log(text);
