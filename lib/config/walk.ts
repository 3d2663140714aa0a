import type * as z from "zod";

type Schema = z.core.$ZodType;
type Definition = {
	type: string;
	innerType?: Schema;
	shape?: Record<string, Schema>;
	options?: Schema[];
	element?: Schema;
	discriminator?: string;
	defaultValue?: unknown;
};

function definition(schema: Schema): Definition {
	return schema._zod.def as unknown as Definition;
}

/** The schema below defaults, optionals and nullables. */
export function unwrap(schema: Schema): Schema {
	let inner = schema;
	for (let next = definition(inner).innerType; next !== undefined; next = definition(inner).innerType) inner = next;
	return inner;
}

/** Object schemas at `schema`: one for an object, several for a union of objects, none otherwise. */
function objectsOf(schema: Schema): Record<string, Schema>[] {
	const inner = definition(unwrap(schema));
	if (inner.shape !== undefined) return [inner.shape];
	return (inner.options ?? []).flatMap(objectsOf);
}

/** Keys a configuration may have below `path`; for a union the keys of all its alternatives. */
export function keysAt(root: Schema, path: readonly PropertyKey[]): Set<string> {
	let schemas = [root];
	for (const key of path) {
		schemas =
			typeof key === "number"
				? schemas.flatMap((schema) => definition(unwrap(schema)).element ?? [])
				: schemas.flatMap(objectsOf).flatMap((shape) => (Object.hasOwn(shape, key) ? [shape[String(key)]!] : []));
	}
	return new Set(schemas.flatMap(objectsOf).flatMap(Object.keys));
}

/** Every dotted key of the configuration, sections included. */
export function allKeys(root: Schema, prefix = ""): string[] {
	const keys = objectsOf(root).flatMap((shape) =>
		Object.entries(shape).flatMap(([key, child]) => [prefix + key, ...allKeys(child, `${prefix}${key}.`)]),
	);
	return [...new Set(keys)];
}

/**
 * A copy of `value` in which sections that are a choice between variants (`adapter`, `strategy`, the preference loss)
 * name their default variant when they name none.
 */
export function nameVariants(root: Schema, value: Record<string, unknown>): Record<string, unknown> {
	const result = { ...value };
	for (const [key, schema] of objectsOf(root).flatMap(Object.entries)) {
		const section = result[key];
		if (!isRecord(section)) continue;
		const { discriminator } = definition(unwrap(schema));
		if (discriminator === undefined) result[key] = nameVariants(schema, section);
		else if (!Object.hasOwn(section, discriminator)) {
			const fallback = definition(schema).defaultValue;
			if (isRecord(fallback)) result[key] = { [discriminator]: fallback[discriminator], ...section };
		}
	}
	return result;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
