import type { Example, RowKind } from "../types.js";

export type JsonRow = Record<string, unknown>;

export interface FormatOptions {
	/** "chat": plain strings become messages, which the model's chat template then renders. */
	template: "auto" | "chat";
}

export type Converters = { [K in RowKind]: (row: JsonRow, options: FormatOptions) => Example<K> };

/** One way in which rows are written. Its converters throw BadRow. */
export interface Format {
	readonly name: string;
	/** The keys of a row, as they are shown to people. */
	readonly shape: string;
	readonly description: string;
	/** All keys that rows of this format may have, for suggestions. */
	readonly keys: readonly string[];
	/** Why this row is of this format, or null when it is not. */
	detect(row: JsonRow, kind: RowKind): string | null;
	/** One converter for each kind of row the format has. */
	readonly convert: Partial<Converters>;
}

/** "it has prompt, chosen and rejected" when all keys are there and none of the others, else null. */
export function byKeys(row: JsonRow, present: readonly string[], absent: readonly string[] = []): string | null {
	if (!present.every((key) => row[key] !== undefined) || absent.some((key) => row[key] !== undefined)) return null;
	const last = present.at(-1);
	return present.length < 2 ? `rows have ${last}` : `rows have ${present.slice(0, -1).join(", ")} and ${last}`;
}
