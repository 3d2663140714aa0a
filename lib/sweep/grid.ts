import { dirname, join, resolve } from "node:path";
import { readConfig } from "../config/load.js";
import { objectives } from "../config/objectives.js";
import { configError, defaultOutput } from "../config/parse.js";
import { resolveConfig } from "../config/resolve.js";
import type { RunConfig } from "../config/schema.js";
import { findStrategyOptions } from "../config/strategies/index.js";
import { parseSweep, type SweepConfig, type SweepSection } from "../config/sweep.js";

/** One run of a sweep. */
export interface GridPoint {
	/** Folder under `points/`, such as alright-lambda0.5-seed1. */
	name: string;
	/** The name without λ and seed: the strategy with its options that differ from the defaults. */
	label: string;
	/** λ; null for a strategy that has none. */
	lambda: number | null;
	seed: number;
	/** Resolved; its output is the point's folder. */
	config: RunConfig;
}

export interface Grid {
	output: string;
	points: GridPoint[];
}

/** Reads, overrides, checks and resolves a sweep's configuration file. Throws CONFIG or USAGE. */
export async function loadSweep(
	path: string,
	options: { set?: readonly string[]; output?: string } = {},
): Promise<Grid> {
	const value = await readConfig(path, options);
	return sweepGrid(value, path, dirname(resolve(path)));
}

/**
 * The runs of a sweep's configuration, strategy by strategy in the order given. `where` names the source in messages,
 * paths are looked for in `base` first. Throws CONFIG.
 */
export async function sweepGrid(value: unknown, where: string, base: string): Promise<Grid> {
	const { sweep: grid, objective } = parseSweep(value, where);
	const { sweep: written, $schema: _, output: given, ...rest } = value as Record<string, unknown>;
	const output = typeof given === "string" ? given : defaultOutput(where);
	const all = variants(grid);
	const points: GridPoint[] = [];
	for (const { label, lambda, strategy, ownLoss } of all) {
		const keys = ownLoss ? measuredAs(rest, objective.preference) : rest;
		for (const seed of grid.seeds) {
			const name = [label, ...(lambda === null ? [] : [`lambda${lambda}`]), `seed${seed}`].join("-");
			const run = { ...keys, strategy, seed, output: join(output, "points", name) };
			points.push({ name, label, lambda, seed, config: await resolveConfig(run, where, base) });
		}
	}
	const problems = [...repeated(points), ...heldOutProblems(points[0]!.config)];
	if (Object.hasOwn(written as object, "lambda") && !all.some(({ swept }) => swept)) {
		problems.push("sweep.lambda has no effect: no strategy of the sweep takes its λ from it");
	}
	if (problems.length > 0) throw configError(where, problems);
	return { output, points };
}

interface Variant {
	label: string;
	lambda: number | null;
	/** Whether λ is one of sweep.lambda. */
	swept: boolean;
	strategy: Record<string, unknown>;
	/** Whether it stands for a preference loss of its own. */
	ownLoss: boolean;
}

/** Every strategy at every λ it runs at. */
function variants({ strategies, lambda: lambdas }: SweepSection): Variant[] {
	return strategies.flatMap((entry): Variant[] => {
		const { lambda: own, ...options } = (typeof entry === "string" ? { name: entry } : entry) as StrategyEntry;
		const { schema, loss } = findStrategyOptions(options.name)!;
		const ownLoss = loss !== undefined;
		const label = labelOf(options, schema.parse({ name: options.name }));
		if (!("lambda" in schema.shape)) return [{ label, lambda: null, swept: false, strategy: options, ownLoss }];
		const swept = own === undefined;
		return (swept ? lambdas : [own]).map((lambda) => {
			return { label, lambda, swept, strategy: { ...options, lambda }, ownLoss };
		});
	});
}

/**
 * The keys of a run that trains a preference loss of its own, measured on held-out rows with the loss that the other
 * runs train.
 */
function measuredAs(run: Record<string, unknown>, preference: SweepConfig["objective"]["preference"]) {
	const { preference: _, ...objective } = (run.objective ?? {}) as Record<string, unknown>;
	return { ...run, objective, evaluation: { preference, ...(run.evaluation as object) } };
}

type StrategyEntry = { name: string; lambda?: number } & Record<string, unknown>;

/** A strategy and those of its options that are not the defaults: maxright-evaluateEvery100. */
function labelOf({ name, ...options }: StrategyEntry, defaults: Record<string, unknown>): string {
	const isOwn = ([key, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(defaults[key]);
	const texts = Object.entries(options)
		.filter(isOwn)
		.map(([key, value]) => optionText(key, value));
	return [name, ...texts].join("-").replace(/[^\w.-]+/g, "_");
}

function optionText(key: string, value: unknown): string {
	if (Array.isArray(value)) return value.join("-");
	if (typeof value !== "object" || value === null) return `${key}${value}`;
	return [key, ...Object.entries(value).map(([part, of]) => `${part}${of}`)].join("-");
}

function repeated(points: readonly GridPoint[]): string[] {
	const names = points.map(({ name }) => name);
	const twice = new Set(names.filter((name, index) => names.indexOf(name) < index));
	return [...twice].map((name) => `sweep contains the run ${name} twice`);
}

function heldOutProblems({ data }: RunConfig): string[] {
	return objectives
		.filter((objective) => !data[objective]?.evaluation)
		.map(
			(objective) => `data.${objective}.evaluation is missing: a sweep compares the held-out losses of both objectives`,
		);
}
