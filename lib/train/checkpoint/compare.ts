import type { RunConfig } from "../../config/schema.js";
import { XrightError } from "../../errors.js";
import type { RunIdentity } from "./state.js";

/** Keys that only say where something lies; what lies there is covered by the fingerprints. */
const places = [
	...["output", "model.path", "data.preference.path", "data.sft.path", "reference.path"],
	...["data.preference.evaluation.path", "data.sft.evaluation.path"],
];
/** Keys that change neither data, nor model, nor arithmetic. */
const free = [...places, "checkpoint", "evaluation.every", "evaluation.prompts", "evaluation.maxNewTokens"];
/** Keys that change only the rounding or the speed. */
const rounding = ["device", "threads", "train.microBatchTokens", "train.gradientCheckpointing"];

/**
 * Throws CONFIG, listing keys, when the run to continue is another one than the checkpoint's. `train.steps` may grow
 * when nothing depends on the run's length: a constant schedule without a share of warm-up, and no stages. Returns
 * the keys that differ harmlessly but make the numbers differ in their last bits.
 */
export function compareRuns(saved: RunIdentity, now: RunIdentity, hasStages: boolean): string[] {
	const changed = changedKeys(saved.config, now.config);
	const mayGrow =
		lengthIsFree(now.config, hasStages) && (now.config.train.steps ?? 0) >= (saved.config.train.steps ?? 0);
	const problems = changed.filter((key) => !under(key, [...free, ...rounding]));
	const fatal = problems.filter((key) => !(key === "train.steps" && mayGrow));
	if (saved.model !== now.model) fatal.push("the model's files");
	if (saved.reference !== now.reference) fatal.push("the reference policy's files");
	for (const name of new Set([...Object.keys(saved.data), ...Object.keys(now.data)])) {
		if (saved.data[name] !== now.data[name]) fatal.push(`the rows of data.${name}`);
	}
	if (fatal.length > 0) {
		throw new XrightError("CONFIG", `this run cannot continue the checkpoint: changed since are ${fatal.join(", ")}`, {
			hint: "Undo these changes, or start a new run in another output folder.",
		});
	}
	return changed.filter((key) => under(key, rounding));
}

function lengthIsFree(config: RunConfig, hasStages: boolean): boolean {
	const { name, warmup } = config.train.schedule;
	const shareOfRun = warmup > 0 && warmup < 1;
	// Its starting weights are gone: rows of later steps could not be scored under them.
	if (config.adapter.type === "none" && config.data.preference !== null && config.reference === null) return false;
	return !hasStages && name === "constant" && !shareOfRun && config.train.epochs === null;
}

export function isPlace(key: string): boolean {
	return under(key, places);
}

/** Whether another value of the key makes it another training, rounding aside. */
export function matters(key: string): boolean {
	return !under(key, [...free, ...rounding]);
}

function under(key: string, prefixes: readonly string[]): boolean {
	return prefixes.some((prefix) => key === prefix || key.startsWith(`${prefix}.`));
}

/** Dotted names of the values that differ. */
export function changedKeys(a: unknown, b: unknown, prefix = ""): string[] {
	if (isObject(a) && isObject(b)) {
		const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
		return keys.flatMap((key) => changedKeys(a[key], b[key], prefix === "" ? key : `${prefix}.${key}`));
	}
	return JSON.stringify(a) === JSON.stringify(b) ? [] : [prefix];
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
