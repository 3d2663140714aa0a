import { closest } from "../config/suggest.js";
import { XrightError } from "../errors.js";
import type { Format, JsonRow } from "./formats/format.js";
import { formats } from "./formats/index.js";
import type { Objective } from "./types.js";

export interface FormatChoice {
	format: Format;
	reason: string;
}

/** Rows that the choice is made from. */
export const ROWS_TO_DETECT = 16;

/** The format asked for, or with "auto" the one that most of the first rows have. Throws DATA. */
export function chooseFormat(name: string, rows: readonly JsonRow[], objective: Objective, file: string): FormatChoice {
	return name === "auto" ? detectFormat(rows, objective, file) : namedFormat(name, objective, file);
}

function namedFormat(name: string, objective: Objective, file: string): FormatChoice {
	const format = formats.find((candidate) => candidate.name === name);
	if (!format) {
		const guess = closest(
			name,
			formats.map((candidate) => candidate.name),
		);
		throw new XrightError("DATA", `${file}: there is no data format "${name}"`, {
			hint: guess ? `Did you mean "${guess}"?` : `Known formats: ${list(objective)}, or "auto".`,
		});
	}
	if (!format.convert[objective]) {
		throw new XrightError("DATA", `${file}: format "${name}" has no ${objective} rows`, {
			hint: `Formats for ${objective}: ${list(objective)}.`,
		});
	}
	return { format, reason: "the configuration names it" };
}

function detectFormat(rows: readonly JsonRow[], objective: Objective, file: string): FormatChoice {
	const votes = serving(objective)
		.map((format) => {
			const reasons = rows.map((row) => format.detect(row, objective)).filter((reason) => reason !== null);
			return { format, count: reasons.length, reason: reasons[0] ?? "" };
		})
		.filter((vote) => vote.count > 0)
		.sort((a, b) => b.count - a.count);
	const [best, second] = votes;
	if (!best || best.count * 2 <= rows.length) throw unknownFormat(rows, objective, file);
	if (second && second.count === best.count) {
		const names = votes.filter((vote) => vote.count === best.count).map((vote) => `"${vote.format.name}"`);
		throw new XrightError("DATA", `${file}: the rows could be ${names.join(" or ")}`, {
			hint: `Set data.${objective}.format to one of them.`,
		});
	}
	return { format: best.format, reason: best.reason };
}

function unknownFormat(rows: readonly JsonRow[], objective: Objective, file: string): XrightError {
	const found = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const keys = found.length > 0 ? `the rows have ${found.slice(0, 12).join(", ")}` : "no row could be read";
	const known = new Set(serving(objective).flatMap((format) => format.keys));
	const guesses = found.flatMap((key) => {
		const guess = known.has(key) ? null : closest(key, known);
		return guess ? [`"${guess}" for "${key}"`] : [];
	});
	const meant = guesses.length > 0 ? `Did you mean ${guesses.join(", ")}? ` : "";
	return new XrightError("DATA", `${file}: the format of the ${objective} data is not known: ${keys}`, {
		hint: `${meant}Known formats: ${list(objective)}. Rename the keys, or set data.${objective}.format.`,
	});
}

function serving(objective: Objective): Format[] {
	return formats.filter((format) => format.convert[objective]);
}

function list(objective: Objective): string {
	return serving(objective)
		.map((format) => `${format.name} ${format.shape}`)
		.join(", ");
}
