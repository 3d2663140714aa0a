import type * as z from "zod";
import { explainForeignKey } from "./foreign-keys.js";
import { closest } from "./suggest.js";
import { allKeys, isRecord, keysAt } from "./walk.js";

type Issue = z.core.$ZodIssue;

/** Sentences about one problem that zod found with a schema, each naming the key. */
export function describeIssue(issue: Issue, config: unknown, schema: z.ZodObject): string[] {
	if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(issue.path, key, config, schema));
	const inside = issue.code === "invalid_union" ? bestAlternative(issue, valueAt(config, issue.path)) : [];
	if (inside.length > 0) return inside.flatMap((inner) => describeIssue(inner, config, schema));
	const where = issue.path.join(".") || "the configuration";
	const value = valueAt(config, issue.path);
	if (value === undefined) return [`${where} is missing`];
	return [`${where} ${problem(issue, value)}`];
}

function problem(issue: Issue, value: unknown): string {
	const got = `, not ${show(value)}`;
	switch (issue.code) {
		case "invalid_type":
			return `must be ${article(issue.expected)}${got}`;
		case "invalid_value":
			return `must be ${oneOf(issue.values.map(String), value)}${got}`;
		case "too_small":
			return `must ${issue.inclusive ? "be at least" : "be more than"} ${issue.minimum}${unit(issue.origin)}${got}`;
		case "too_big":
			return `must ${issue.inclusive ? "be at most" : "be less than"} ${issue.maximum}${unit(issue.origin)}${got}`;
		case "invalid_union": {
			const { options } = issue as { options?: unknown[] };
			if (options !== undefined) return `must be ${oneOf(options.map(String), value)}${got}`;
			return `must be ${unionOf(issue, value)}${got}`;
		}
		default:
			return `${issue.message}${got}`;
	}
}

/** Problems inside a section that may be written in several ways, seen as the way it comes nearest to. */
function bestAlternative(issue: z.core.$ZodIssueInvalidUnion, value: unknown): Issue[] {
	if (!isRecord(value)) return [];
	const size = (errors: readonly Issue[]) =>
		errors.reduce((sum, error) => sum + (error.code === "unrecognized_keys" ? error.keys.length : 1), 0);
	const fitting = issue.errors.filter((errors) => errors.every((error) => error.path.length > 0 || "keys" in error));
	const [best] = fitting.sort((a, b) => size(a) - size(b));
	return (best ?? []).map((error) => ({ ...error, path: [...issue.path, ...error.path] }));
}

function unionOf(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
	const alternatives = issue.errors.map((errors) => errors[0]).filter((first) => first !== undefined);
	const names = alternatives.find((first) => first.code === "invalid_value" && first.values.length > 1);
	const isSection = alternatives.some((first) => first.code === "invalid_type" && first.expected === "object");
	if (names?.code === "invalid_value") {
		return `${oneOf(names.values.map(String), value)}${isSection ? " or an object" : ""}`;
	}
	const named = alternatives.map((first) => {
		if (first.code === "invalid_value") return first.values.map((value) => JSON.stringify(value)).join(" or ");
		if (first.code !== "invalid_type") return "something else";
		return first.expected === "array" ? "a list of names" : article(first.expected);
	});
	return [...new Set(named)].join(" or ");
}

function oneOf(names: string[], value: unknown): string {
	const guess = typeof value === "string" ? closest(value, names) : null;
	const list = names.length === 1 ? `"${names[0]}" (the only one in this release)` : `one of ${names.join(", ")}`;
	return guess === null ? list : `${list} (did you mean "${guess}"?)`;
}

function unknownKey(path: readonly PropertyKey[], key: string, config: unknown, schema: z.ZodObject): string {
	const full = [...path, key].join(".");
	const siblings = keysAt(schema, path);
	if (siblings.has(key)) return `${full} has no effect with ${variant(path, config)}; remove it`;
	const foreign = explainForeignKey(key);
	if (foreign !== null) return `unknown key ${full}: ${foreign}`;
	const near = closest(key, siblings);
	if (near !== null) return `unknown key ${full}: did you mean ${[...path, near].join(".")}?`;
	const leaf = allKeys(schema).filter((other) => other.split(".").at(-1) === key);
	if (leaf.length > 0) return `unknown key ${full}: did you mean ${leaf.slice(0, 3).join(" or ")}?`;
	return `unknown key ${full}; known here: ${[...siblings].join(", ")}`;
}

/** "strategy.name dpo": the choice that makes a known key useless. */
function variant(path: readonly PropertyKey[], config: unknown): string {
	const section = valueAt(config, path);
	const name = isRecord(section) ? ["name", "type", "loss"].find((key) => typeof section[key] === "string") : undefined;
	return name === undefined
		? path.join(".")
		: `${[...path, name].join(".")} "${(section as Record<string, string>)[name]}"`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
	let at = value;
	for (const key of path) {
		if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
		at = (at as Record<PropertyKey, unknown>)[key];
	}
	return at;
}

function show(value: unknown): string {
	if (Array.isArray(value)) return `a list of ${value.length}`;
	if (typeof value === "object" && value !== null) return "an object";
	const text = typeof value === "string" ? JSON.stringify(value) : String(value);
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function article(type: string): string {
	if (type === "array" || type === "tuple") return "a list";
	if (type === "int") return "a whole number";
	return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function unit(origin: string): string {
	if (origin === "string") return " characters long";
	return origin === "array" ? " entries long" : "";
}
