import { findPeers, type Peer, peers } from "../../bench/measure.js";
import type { Suite } from "../../bench/suite.js";
import { trials } from "../../bench/trials/index.js";
import type { Contender, Measurement, Trial, TrialResult } from "../../bench/types.js";
import { closest } from "../../config/suggest.js";
import { XrightError } from "../../errors.js";
import { foreignEnvironment } from "../environment.js";
import { withSignals } from "../signals.js";
import { defineCommand } from "./define.js";

const trialNames = trials.map(({ name }) => name);
const peerNames = Object.keys(peers) as Peer[];

const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;

export const bench = defineCommand({
	command: "bench [trial..]",
	describe: "Measure training on this machine, alternating with peers; or compare two results",
	positionals: {
		trial: {
			type: "string",
			array: true,
			default: [] as string[],
			describe: `Trials (default: all): ${trialNames.join(", ")}; or compare [OLD [NEW]], folders or files of results`,
		},
	},
	options: {
		against: text(`Peers, separated by commas: ${peerNames.join(",")} (default: those that --python has)`),
		python: text("Python that has the peers' packages (bench/peers/requirements.txt)"),
		rounds: { type: "number", default: 5, requiresArg: true, describe: "Alternations; medians are taken over them" },
		threads: { type: "number", default: 2, requiresArg: true, describe: "Threads of every contender" },
		model: text("SmolLM2-135M as a Hugging Face folder (default: its shape with random weights)"),
		preference: text("Preference rows in any format that training reads (default: the examples)"),
		sft: text("SFT rows in any format that training reads (default: the examples)"),
		output: { ...text("Folder of the results"), default: "bench-results" },
		json: { type: "boolean", default: false, describe: "Print the results as JSON on stdout" },
	},
	examples: [
		["$0 bench dpo sft", "our own speed, memory and start"],
		["$0 bench dpo --python peer/bin/python --against trl", "the same against TRL"],
		["$0 bench compare", "what changed since the result before the last one"],
	],
	run: async ({ trial: words, against, python, rounds, threads, model, preference, sft, output, json }) => {
		const [first, ...paths] = words;
		if (first === "compare") return compare(paths, output, json);
		checkCounts({ rounds, threads });
		const chosen = chooseTrials(words);
		const chosenPeers = await choosePeers(against, python);
		const work = async (signal: AbortSignal) => {
			const { Suite } = await import("../../bench/suite.js");
			const files = { model: model ?? null, preference: preference ?? null, sft: sft ?? null };
			const measuring = {
				python: python ?? "python3",
				peerEnv: foreignEnvironment(process.env),
				peers: chosenPeers,
				rounds,
				threads,
				signal,
				onMeasured,
			};
			const suite = new Suite({ ...files, ...measuring });
			await runTrials(suite, chosen, output, json);
			return 0;
		};
		return withSignals(work, () => process.stderr.write("\nstopping; trials that are complete are stored\n"));
	},
});

async function runTrials(suite: Suite, chosen: readonly Trial[], output: string, json: boolean): Promise<void> {
	const { storeResult } = await import("../../bench/store.js");
	const { writeReport } = await import("../../bench/report.js");
	const results: TrialResult[] = [];
	let report = "";
	for (const trial of chosen) {
		const result = await suite.run(trial);
		await storeResult(output, result);
		report = await writeReport(output);
		results.push(result);
	}
	process.stdout.write(json ? `${JSON.stringify(results)}\n` : report);
}

/** OLD and NEW default to the results before the last ones, and the last ones, of the output folder. */
async function compare([old, now, ...more]: string[], output: string, json: boolean): Promise<number> {
	if (more.length > 0) throw new XrightError("USAGE", "bench compare takes at most two folders or files");
	const { PREVIOUS, readResults } = await import("../../bench/store.js");
	const { compareMarkdown, compareResults } = await import("../../bench/compare.js");
	const before = await readResults(old ?? `${output}/${PREVIOUS}`);
	const rows = compareResults(before, await readResults(now ?? output));
	process.stdout.write(json ? `${JSON.stringify(rows)}\n` : `${compareMarkdown(rows)}\n`);
	return 0;
}

function chooseTrials(names: readonly string[]): readonly Trial[] {
	const chosen = names.map((name) => {
		const trial = trials.find((candidate) => candidate.name === name);
		if (trial) return trial;
		const guess = closest(name, trialNames);
		throw new XrightError("USAGE", `there is no trial ${name}`, {
			hint: guess ? `Did you mean ${guess}?` : `Trials: ${trialNames.join(", ")}.`,
		});
	});
	return chosen.length > 0 ? chosen : trials;
}

/** The peers asked for, all of which must be there; without `--against` those that `--python` has. */
async function choosePeers(against: string | undefined, python: string | undefined): Promise<Peer[]> {
	if (against === undefined && python === undefined) return [];
	const command = python ?? "python3";
	const found = await findPeers(command);
	if (against === undefined) return found;
	return against.split(",").map((name) => {
		const peer = peerNames.find((candidate) => candidate === name);
		if (!peer) throw new XrightError("USAGE", `--against ${name}: the peers are ${peerNames.join(", ")}`);
		if (found.includes(peer)) return peer;
		throw new XrightError("TOOLCHAIN", `${command} cannot import ${peers[peer].module}, which ${peer} needs`, {
			hint: "Install bench/peers/requirements.txt into a virtual environment and name its Python with --python.",
		});
	});
}

function checkCounts(counts: Record<string, number>): void {
	for (const [flag, value] of Object.entries(counts)) {
		if (Number.isSafeInteger(value) && value >= 1) continue;
		throw new XrightError("USAGE", `--${flag} must be a whole number of at least 1`);
	}
}

function onMeasured(trial: Trial, round: number, { name }: Contender, measured: Measurement): void {
	const { rowsPerSecond, peakBytes } = measured;
	const figures = `${rowsPerSecond.toPrecision(3)} rows/s, ${(peakBytes / 1e9).toFixed(2)} GB`;
	process.stderr.write(`${trial.name}, round ${round}: ${name} ${figures}\n`);
}
