import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { readCpu } from "../native/machine.js";
import { isPeer, type MeasureOptions, measure, measureProducts, type Peer } from "./measure.js";
import { LONGEST, writeRows } from "./rows.js";
import { shapes } from "./shapes/index.js";
import type { Shape } from "./shapes/types.js";
import { writeShape } from "./shapes/write.js";
import type { Contender, Job, Measurement, Round, Trial, TrialResult } from "./types.js";

export interface SuiteOptions extends MeasureOptions {
	peers: readonly Peer[];
	rounds: number;
	threads: number;
	/** Real weights for the trials of SmolLM2's shape; null: random ones. */
	model: string | null;
	/** Rows in any format that training reads; null: the shipped examples. */
	preference: string | null;
	sft: string | null;
	/** Told after each measurement. */
	onMeasured(trial: Trial, round: number, contender: Contender, measurement: Measurement): void;
}

/** The shape that `--model` stands for. */
const REAL = "smollm2-135m";

/** Under this name a failure of the products' measurement is noted. */
const PRODUCTS = "the rate of the products";

const defaults: Omit<Job, "model" | "rows" | "sftRows" | "threads"> = {
	objective: "sft",
	batch: 4,
	steps: 3,
	dtype: "bfloat16",
	targets: ["q_proj", "v_proj"],
	gradientCheckpointing: false,
	cachedReference: false,
	settings: {},
};

/** Runs trials one after another; all files they need live in a temporary folder. */
export class Suite {
	readonly #options: SuiteOptions;

	constructor(options: SuiteOptions) {
		this.#options = options;
	}

	async run(trial: Trial): Promise<TrialResult> {
		const folder = await mkdtemp(join(tmpdir(), "xright-bench-"));
		try {
			return await this.#run(trial, folder);
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	}

	async #run(trial: Trial, folder: string): Promise<TrialResult> {
		const job = await this.#job(trial, folder);
		const failed: Record<string, string> = {};
		const rounds: Round[] = [];
		const productFlops: number[] = [];
		// Caches (tokenised rows, page cache) are filled before anything is timed.
		await this.#measure(trial.contenders.find(({ runner }) => !isPeer(runner)) as Contender, job);
		for (let number = 1; number <= this.#options.rounds; number++) {
			const round = await this.#round(trial, number, job, failed);
			rounds.push(round);
			productFlops.push(...(await this.#productFlops(round, job, failed)));
		}
		return this.#result(trial, rounds, productFlops, failed);
	}

	/** Every contender once. A peer that fails is noted and left out from then on; a worker of ours must not fail. */
	async #round(trial: Trial, number: number, job: Job, failed: Record<string, string>): Promise<Round> {
		const { peers, signal, onMeasured } = this.#options;
		const round: Round = {};
		for (const contender of trial.contenders) {
			const { name, runner } = contender;
			if (isPeer(runner) && (!peers.includes(runner) || name in failed)) continue;
			try {
				round[name] = await this.#measure(contender, job);
				onMeasured(trial, number, contender, round[name]);
			} catch (error) {
				if (signal.aborted || !isPeer(runner)) throw error;
				failed[name] = (error as Error).message;
			}
		}
		return round;
	}

	async #job(trial: Trial, folder: string): Promise<Job> {
		const { preference, sft, threads } = this.#options;
		const job = { ...defaults, threads, ...trial.job };
		const count = (job.steps + 1) * job.batch;
		const pairs = await writeRows("preference", { path: preference, count, longest: LONGEST }, folder);
		const sftRows = await writeRows("sft", { path: sft, count, longest: LONGEST }, folder);
		const model = await this.#model(trial, folder, [pairs, sftRows]);
		return { ...job, model, rows: job.objective === "sft" ? sftRows : pairs, sftRows };
	}

	async #model(trial: Trial, folder: string, rows: string[]): Promise<string> {
		if (trial.model === REAL && this.#options.model !== null) return resolve(this.#options.model);
		const path = join(folder, trial.model);
		const texts = await Promise.all(rows.map((file) => readFile(file, "utf8")));
		const values = texts.flatMap((text) => text.trim().split("\n")).flatMap((line) => Object.values(JSON.parse(line)));
		await writeShape(path, shapes[trial.model] as Shape, values as string[]);
		return path;
	}

	#measure(contender: Contender, job: Job): Promise<Measurement> {
		return measure(contender.runner, { ...job, ...contender.job }, this.#options);
	}

	/** The rate of the model's products alone, on as many tokens as a step has; nothing without a peer's torch. */
	async #productFlops(round: Round, job: Job, failed: Record<string, string>): Promise<number[]> {
		const { peers, signal } = this.#options;
		const own = Object.values(round).find(({ products, work }) => products && work);
		if (!own?.products || !own.work || peers.length === 0 || PRODUCTS in failed) return [];
		const tokens = Math.round(own.work.tokens * job.batch);
		try {
			return [await measureProducts(own.products, tokens, job.threads, this.#options)];
		} catch (error) {
			if (signal.aborted) throw error;
			failed[PRODUCTS] = (error as Error).message;
			return [];
		}
	}

	#result(trial: Trial, rounds: Round[], productFlops: number[], failed: Record<string, string>): TrialResult {
		const measurements = rounds.flatMap((round) => Object.values(round));
		const cpu = readCpu();
		return {
			trial: trial.name,
			date: new Date().toISOString(),
			machine: `${cpu.model} (${cpu.features.join(" ")}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
			threads: this.#options.threads,
			versions: Object.assign({}, ...measurements.map(({ versions }) => versions)),
			weights: trial.model === REAL && this.#options.model !== null ? "real" : "random",
			rounds,
			failed,
			productFlops,
		};
	}
}
