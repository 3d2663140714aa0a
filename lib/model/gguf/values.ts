import { XrightError } from "../../errors.js";
import type { GgufFile } from "./file.js";
import type { GgufValue } from "./metadata.js";

function wrong(file: GgufFile, key: string, wanted: string, value: GgufValue): XrightError {
	const got = typeof value === "object" ? "an array" : JSON.stringify(typeof value === "bigint" ? `${value}` : value);
	return new XrightError("WEIGHTS", `${file.path}: metadata ${key} must be ${wanted}, is ${got.slice(0, 80)}`);
}

/** A non-negative safe integer, or undefined when absent. Throws WEIGHTS on another type. */
export function optionalInteger(file: GgufFile, key: string): number | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	const number = typeof value === "bigint" ? Number(value) : value;
	if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
		throw wrong(file, key, "a non-negative integer", value);
	}
	return number;
}

/** A positive integer up to 2³¹ − 1 that must be there. */
export function requiredSize(file: GgufFile, key: string): number {
	const value = optionalInteger(file, key);
	if (value === undefined) throw new XrightError("WEIGHTS", `${file.path}: metadata ${key} is missing`);
	if (value < 1 || value > 0x7fffffff) throw wrong(file, key, "between 1 and 2147483647", value);
	return value;
}

/** A finite number, as the shortest decimal that is the same float32 (9.99999974e-06 reads as 1e-5). */
export function optionalFloat(file: GgufFile, key: string): number | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(file, key, "a finite number", value);
	return shortestFloat32(value);
}

export function optionalString(file: GgufFile, key: string): string | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	if (typeof value !== "string") throw wrong(file, key, "a string", value);
	return value;
}

export function optionalBoolean(file: GgufFile, key: string): boolean | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	if (typeof value !== "boolean") throw wrong(file, key, "true or false", value);
	return value;
}

export function optionalStrings(file: GgufFile, key: string): string[] | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	if (!Array.isArray(value)) throw wrong(file, key, "an array of strings", value);
	return value;
}

/** An array of numbers as they are stored, or undefined. */
export function optionalNumbers(file: GgufFile, key: string): number[] | undefined {
	const value = file.metadata.get(key);
	if (value === undefined) return undefined;
	if (typeof value !== "object" || Array.isArray(value)) throw wrong(file, key, "an array of numbers", value);
	return Array.from(value as ArrayLike<number | bigint>, Number);
}

/** The decimal with the fewest digits that rounds to the same float32. */
export function shortestFloat32(value: number): number {
	const single = Math.fround(value);
	for (let digits = 1; digits <= 9; digits++) {
		const candidate = Number(value.toPrecision(digits));
		if (Math.fround(candidate) === single) return candidate;
	}
	return value;
}
