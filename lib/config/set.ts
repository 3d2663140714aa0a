import { XrightError } from "../errors.js";
import { parseJson } from "./json.js";
import { isRecord } from "./walk.js";

/**
 * Applies overrides like `train.optimizer.lr=1e-4`. The value is JSON when it parses as JSON, else a string; missing
 * sections are made. Returns a new object; throws USAGE for a malformed override.
 */
export function applyOverrides(config: Record<string, unknown>, overrides: readonly string[]): Record<string, unknown> {
	const result = structuredClone(config);
	for (const override of overrides) {
		const equals = override.indexOf("=");
		if (equals <= 0)
			throw new XrightError("USAGE", `--set ${override}: expected key=value, such as --set train.steps=100`);
		assign(result, override.slice(0, equals).split("."), readValue(override.slice(equals + 1)), override);
	}
	return result;
}

function assign(target: Record<string, unknown>, keys: string[], value: unknown, override: string): void {
	let at = target;
	for (const [index, key] of keys.entries()) {
		if (key === "" || key === "__proto__") throw new XrightError("USAGE", `--set ${override}: "${key}" is not a key`);
		if (index === keys.length - 1) {
			Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true });
			return;
		}
		const next = Object.hasOwn(at, key) ? at[key] : undefined;
		if (next !== undefined && next !== null && !isRecord(next)) {
			throw new XrightError("USAGE", `--set ${override}: ${keys.slice(0, index + 1).join(".")} is not a section`);
		}
		const section: Record<string, unknown> = isRecord(next) ? next : {};
		Object.defineProperty(at, key, { value: section, enumerable: true, configurable: true, writable: true });
		at = section;
	}
}

function readValue(text: string): unknown {
	try {
		return parseJson(text, "--set");
	} catch {
		return text;
	}
}
