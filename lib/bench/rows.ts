import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BadRow } from "../data/bad-row.js";
import { chooseFormat, ROWS_TO_DETECT } from "../data/choose-format.js";
import type { Format, JsonRow } from "../data/formats/format.js";
import { findDataFile, readRows } from "../data/read.js";
import type { Objective } from "../data/types.js";
import { XrightError } from "../errors.js";

/** Rows of the shipped examples. */
const examples = fileURLToPath(new URL("../../examples/data/", import.meta.url));

/** A row as every contender reads it. */
export type TextRow = { prompt: string; chosen: string; rejected: string } | { prompt: string; completion: string };

export interface RowSource {
	/** File or folder in any format that training reads; null takes the shipped examples. */
	path: string | null;
	/** Rows wanted. */
	count: number;
	/** Characters of a row, prompt and responses together, at most: no contender may have to truncate. */
	longest: number;
}

/** Longest row in characters that stays below 1024 tokens with the tokenizers at hand. */
export const LONGEST = 2500;

/** Writes the first usable rows as `<objective>.jsonl` for contenders in any language, and returns its path. */
export async function writeRows(objective: Objective, source: RowSource, folder: string): Promise<string> {
	const rows = await textRows(objective, source);
	const file = join(folder, `${objective}.jsonl`);
	await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
	return file;
}

export async function textRows(objective: Objective, { path, count, longest }: RowSource): Promise<TextRow[]> {
	const file = await findDataFile(path ?? join(examples, objective));
	const read = await readObjects(file, count * 4);
	const { format } = chooseFormat("auto", read.slice(0, ROWS_TO_DETECT), objective, file);
	const rows: TextRow[] = [];
	for (const value of read) {
		const row = convert(objective, format, value);
		if (row !== null && Object.values(row).join("").length <= longest) rows.push(row);
		if (rows.length === count) return rows;
	}
	throw new XrightError("DATA", `${file}: has only ${rows.length} rows of plain text under ${longest} characters`, {
		hint: `The benchmark needs ${count}.`,
	});
}

async function readObjects(file: string, limit: number): Promise<JsonRow[]> {
	const rows: JsonRow[] = [];
	for await (const row of readRows(file, { limit })) if ("value" in row) rows.push(row.value as JsonRow);
	return rows;
}

/** null for a row that is bad, empty or a chat. */
function convert(objective: Objective, format: Format, value: JsonRow): TextRow | null {
	try {
		const { response, ...others } = { ...format.convert[objective]?.(value, { template: "auto" }) } as JsonRow;
		const row = objective === "sft" ? { ...others, completion: response } : others;
		const isPlain = Object.values(row).every((text) => typeof text === "string" && text.trim() !== "");
		return isPlain ? (row as TextRow) : null;
	} catch (error) {
		if (error instanceof BadRow) return null;
		throw error;
	}
}
