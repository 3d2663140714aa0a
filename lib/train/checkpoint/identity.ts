import { createHash } from "node:crypto";
import type { RunConfig } from "../../config/schema.js";
import type { RunData } from "../data.js";
import type { FoundModel } from "../model.js";
import type { FoundReference } from "../reference/given.js";
import { isPlace } from "./compare.js";
import type { RunIdentity } from "./state.js";

/** What must not change between a run's checkpoint and its continuation. */
export function runIdentity(
	config: RunConfig,
	found: FoundModel,
	data: RunData,
	reference: FoundReference | null,
): RunIdentity {
	return { config, model: found.fingerprint, data: data.keys, reference: reference?.found.fingerprint ?? null };
}

/** SHA-256 of everything a result depends on; where files and results lie does not matter, their content does. */
export function resultKey(identity: RunIdentity): string {
	return identityKey(identity, (key) => !isPlace(key));
}

/** SHA-256 of model, rows, reference, the settings whose key `counts`, and `more`. */
export function identityKey(identity: RunIdentity, counts: (key: string) => boolean, more: object = {}): string {
	const { config, model, data, reference } = identity;
	const settings = leaves(config).filter(([key]) => counts(key));
	const files = leaves({ model, reference, rows: data, more });
	const lines = [...settings, ...files].map((line) => line.join(" "));
	return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}

/** Every value in the tree with its dotted key. */
function leaves(value: unknown, path = ""): [key: string, value: string][] {
	if (typeof value !== "object" || value === null) return [[path, JSON.stringify(value)]];
	return Object.entries(value).flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
}
