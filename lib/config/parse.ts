import { basename, extname, join } from "node:path";
import type * as z from "zod";
import { XrightError } from "../errors.js";
import { crossCheck } from "./checks.js";
import { describeIssue } from "./issues.js";
import { defaultMicroBatchTokens } from "./micro-batch.js";
import { type RunConfig, runConfigSchema } from "./schema.js";
import { findStrategyOptions } from "./strategies/index.js";
import { withStrategysLoss } from "./strategy-loss.js";
import { isRecord, nameVariants } from "./walk.js";

const defaultSteps = 1000;

/**
 * Checks a configuration and fills in every default; reads no file. `where` is the name of the source in messages.
 * Throws CONFIG with one line for each problem.
 */
export function parseConfig(value: unknown, where: string): RunConfig {
	const { $schema: _, output, train, ...rest } = parseWith(runConfigSchema, withStrategysLoss(value), where);
	const config: RunConfig = {
		...rest,
		train: {
			...train,
			steps: train.steps ?? null,
			microBatchTokens: train.microBatchTokens ?? defaultMicroBatchTokens(rest.device),
		},
		output: output ?? defaultOutput(where),
	};
	const problems = crossCheck(config);
	if (problems.length > 0) throw configError(where, problems);
	if (config.train.epochs === null) config.train.steps ??= fixedSteps(config) ?? defaultSteps;
	return config;
}

/** What the schema makes of a configuration. Throws CONFIG with one line for each problem. */
export function parseWith<S extends z.ZodObject>(schema: S, value: unknown, where: string): z.output<S> {
	if (!isRecord(value)) throw new XrightError("CONFIG", `${where}: a configuration is a JSON object`);
	const written = nameVariants(schema, value);
	const parsed = schema.safeParse(written);
	if (parsed.success) return parsed.data;
	throw configError(
		where,
		parsed.error.issues.flatMap((issue) => describeIssue(issue, written, schema)),
	);
}

function fixedSteps(config: RunConfig): number | null {
	return findStrategyOptions(config.strategy.name)?.totalSteps?.(config.strategy) ?? null;
}

/** runs/<name of the config file>, or runs/run for a configuration that is not a file. */
export function defaultOutput(where: string): string {
	const extension = extname(where);
	return join("runs", extension === ".json" ? basename(where, extension) : "run");
}

/** CONFIG with one line for each problem. */
export function configError(where: string, problems: string[]): XrightError {
	const unique = [...new Set(problems)];
	const text =
		unique.length === 1 ? `${where}: ${unique[0]}` : `${where}:\n${unique.map((line) => `  ${line}`).join("\n")}`;
	return new XrightError("CONFIG", text, {
		hint: "`xright-native schema` prints every key with its meaning and default.",
	});
}
