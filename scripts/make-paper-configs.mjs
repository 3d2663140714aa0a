// Writes examples/paper/ from the table in paper/experiments.mjs: every experiment of arXiv 2410.15483, a folder each.
//   node scripts/make-paper-configs.mjs [--check]
// --check writes nothing and fails when a file differs, is missing or is not in the table. docs/paper.md has the reasons.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { experiments, models } from "./paper/experiments.mjs";

const root = fileURLToPath(new URL("../examples/paper", import.meta.url));

/** Steps of one pass; both data sets have as many batches. */
const stepsPerEpoch = ({ preference }) => Math.floor(preference.rows / preference.batch);

/** The data as configured; 3 % as many held-out rows as the authors' scripts evaluate. */
function source({ path, format, rows }) {
	return { path, format, limit: rows, evaluation: { limit: Math.round(rows * 0.03) } };
}

function base(experiment) {
	const { model, preference, sft, maxBadRows, reference, optima = "estimate" } = experiment;
	const { path, adapter, lr, epochs, gradientCheckpointing = false } = models[model];
	const steps = epochs * stepsPerEpoch(experiment);
	return {
		$schema: "../../../schema/run.schema.json",
		model: { path, dtype: "bfloat16" },
		adapter,
		data: {
			preference: source(preference),
			sft: source(sft),
			maxLength: 2048,
			...(maxBadRows === undefined ? {} : { maxBadRows }),
		},
		reference: { train: reference.train, epochs, lr, batch: reference.batch },
		objective: { preference: { loss: "sigmoid", beta: 0.1 } },
		train: {
			steps,
			batch: { preference: preference.batch, sft: sft.batch },
			gradientCheckpointing,
			optimizer: { name: "adamw", lr, betas: [0.9, 0.95] },
			schedule: { name: "constant" },
			maxGradNorm: 1,
		},
		optima,
		evaluation: { every: 100 },
		checkpoint: { every: 1000 },
	};
}

/** Joint runs stop at an optimum or, but for ALRIGHT itself, at a point of ALRIGHT's front where that was published. */
function joint(experiment, strategy) {
	const referenceFront = strategy.name === "alright" ? null : (experiment.front ?? null);
	return { ...base(experiment), strategy, stop: { epsilon: 1e-4, referenceFront } };
}

function sequential(experiment, dpoEpochs, sftEpochs) {
	const { train, ...config } = base(experiment);
	const { steps: _, ...rest } = train;
	const each = stepsPerEpoch(experiment);
	const steps = { preference: dpoEpochs * each, sft: sftEpochs * each };
	return { ...config, strategy: { name: "sequential", order: experiment.order, steps }, train: rest };
}

/** ORPO learns the chosen answers and needs no reference; it gets twice the epochs of the joint runs. */
function orpo(experiment) {
	const { reference: _, optima: __, ...config } = base(experiment);
	const train = { ...config.train, steps: 2 * config.train.steps };
	return { ...config, objective: { preference: { loss: "orpo", beta: 0.1 } }, strategy: { name: "orpo" }, train };
}

/** One objective alone: what the optima are taken from. */
function alone(experiment, name) {
	const { optima: _, ...config } = base(experiment);
	return { ...config, strategy: { name } };
}

/** The reference on as many chosen answers as in the paper, where those are more rows than DPO trains on. */
function chosenReference(experiment) {
	const { reference, preference } = experiment;
	const { data, reference: _, objective: __, optima: ___, ...config } = base(experiment);
	const steps = Math.floor((reference.rows * models[experiment.model].epochs) / reference.batch);
	return {
		...config,
		data: { sft: source({ ...preference, rows: reference.rows }), maxLength: data.maxLength },
		strategy: { name: "sft" },
		train: { ...config.train, steps, batch: { sft: reference.batch } },
	};
}

/** Every file as [path in examples/paper, configuration]. */
function paperFiles() {
	return experiments.flatMap((experiment) =>
		runs(experiment).map(([name, config]) => {
			const output = `runs/paper/${experiment.name}/${name}`;
			return [`${experiment.name}/${name}.json`, { ...config, output }];
		}),
	);
}

function runs(experiment) {
	const { strategies, tradeOffs, evaluateEvery, reference, preference } = experiment;
	const list = evaluateEvery ? [] : ["dpo", "sft"].map((name) => [name, alone(experiment, name)]);
	if (!evaluateEvery && reference.train === "sft-on-chosen" && reference.rows > preference.rows) {
		list.push(["reference", chosenReference(experiment)]);
	}
	for (const strategy of strategies) {
		if (strategy === "orpo") list.push(["orpo", orpo(experiment)]);
		else for (const tradeOff of tradeOffs) list.push(...strategyRuns(experiment, strategy, tradeOff, evaluateEvery));
	}
	return list;
}

function strategyRuns(experiment, name, [lambda, dpoEpochs, sftEpochs], evaluateEvery) {
	if (name === "sequential") {
		return [[`sequential-dpo${dpoEpochs}-sft${sftEpochs}`, sequential(experiment, dpoEpochs, sftEpochs)]];
	}
	if (name !== "maxright") return [[`${name}-${lambda}`, joint(experiment, { name, lambda })]];
	return (evaluateEvery ?? [10]).map((every) => {
		const file = evaluateEvery ? `maxright-k${every}-${lambda}` : `maxright-${lambda}`;
		return [file, joint(experiment, { name, lambda, evaluateEvery: every })];
	});
}

/** Tabs, and short lists and objects on one line, as biome writes them. */
function text(value, indent = "", before = 0) {
	const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, " ").replace(/\[ /g, "[").replace(/ \]/g, "]");
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	if (indent !== "" && before + flat.length + indent.length <= 118) return flat;
	const inner = `${indent}\t`;
	const [open, close] = Array.isArray(value) ? "[]" : "{}";
	const lines = Array.isArray(value)
		? value.map((item) => inner + text(item, inner))
		: Object.entries(value).map(([key, item]) => `${inner}"${key}": ${text(item, inner, key.length + 4)}`);
	return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

/** Keys in the order of docs and schema. */
const order = `$schema model adapter data reference objective strategy train optima stop evaluation checkpoint output`;

function fileText(config) {
	const entries = order.split(" ").flatMap((key) => (key in config ? [[key, config[key]]] : []));
	return `${text(Object.fromEntries(entries))}\n`;
}

/** Configuration files that are there. */
function presentFiles() {
	const names = readdirSync(root, { recursive: true }).map(String);
	return names.filter((name) => name.endsWith(".json")).map((name) => name.replaceAll("\\", "/"));
}

function differences() {
	const files = new Map(paperFiles());
	const stray = presentFiles().filter((name) => !files.has(name));
	const present = new Set(presentFiles());
	const stale = [...files].filter(([name, config]) => {
		return !present.has(name) || readFileSync(join(root, name), "utf8") !== fileText(config);
	});
	return [...stray, ...stale.map(([name]) => name)];
}

function write() {
	const files = paperFiles();
	const names = new Set(files.map(([name]) => name));
	for (const [name, config] of files) {
		mkdirSync(dirname(join(root, name)), { recursive: true });
		writeFileSync(join(root, name), fileText(config));
	}
	for (const name of presentFiles()) if (!names.has(name)) rmSync(join(root, name));
	console.log(`${files.length} configurations in ${root}`);
}

function check() {
	const wrong = differences();
	if (wrong.length === 0) return;
	console.error(`out of date, run node scripts/make-paper-configs.mjs:\n  ${wrong.join("\n  ")}`);
	process.exitCode = 1;
}

if (process.argv.includes("--check")) check();
else write();
