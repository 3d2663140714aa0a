import { closest } from "../config/suggest.js";
import { XrightError } from "../errors.js";
import type { Format, JsonRow } from "./formats/format.js";
import { formats } from "./formats/index.js";
import { rowKinds } from "./row-kinds.js";
import type { RowKind } from "./types.js";

export interface FormatChoice {
	format: Format;
	/** The kind of row it is read as. */
	written: RowKind;
	reason: string;
}

/** Rows that the choice is made from. */
export const ROWS_TO_DETECT = 16;

/** The format asked for, or with "auto" the one that most of the first rows have. Throws DATA. */
export function chooseFormat(name: string, rows: readonly JsonRow[], kind: RowKind, file: string): FormatChoice {
	return name === "auto" ? detectFormat(rows, kind, file) : namedFormat(name, kind, file);
}

function namedFormat(name: string, kind: RowKind, file: string): FormatChoice {
	const format = formats.find((candidate) => candidate.name === name);
	if (!format) {
		const guess = closest(
			name,
			formats.map((candidate) => candidate.name),
		);
		throw new XrightError("DATA", `${file}: there is no data format "${name}"`, {
			hint: guess ? `Did you mean "${guess}"?` : `Known formats: ${list(kind)}, or "auto".`,
		});
	}
	const written = rowKinds[kind].writtenAs.find((other) => format.convert[other]);
	if (!written) {
		throw new XrightError("DATA", `${file}: format "${name}" has no ${kind} rows (${rowKinds[kind].name})`, {
			hint: `Formats for ${kind} rows: ${list(kind)}.`,
		});
	}
	return { format, written, reason: "the configuration names it" };
}

interface Vote extends FormatChoice {
	count: number;
}

/** The formats of kind `kind` that some rows have, the most frequent first. */
function votesFor(rows: readonly JsonRow[], kind: RowKind): Vote[] {
	return formats
		.flatMap((format) => rowKinds[kind].writtenAs.map((written) => ({ format, written })))
		.filter(({ format, written }) => format.convert[written])
		.map(({ format, written }) => {
			const reasons = rows.map((row) => format.detect(row, written)).filter((reason) => reason !== null);
			return { format, written, count: reasons.length, reason: reasons[0] ?? "" };
		})
		.filter((vote) => vote.count > 0)
		.sort((a, b) => b.count - a.count);
}

function detectFormat(rows: readonly JsonRow[], kind: RowKind, file: string): FormatChoice {
	const votes = votesFor(rows, kind);
	const [best, second] = votes;
	if (!best || best.count * 2 <= rows.length) throw otherKind(rows, kind, file) ?? unknownFormat(rows, kind, file);
	if (second && second.count === best.count) {
		const names = votes.filter((vote) => vote.count === best.count).map((vote) => `"${vote.format.name}"`);
		throw new XrightError("DATA", `${file}: the rows could be ${names.join(" or ")}`, {
			hint: `Set data.${rowKinds[kind].objective}.format to one of them.`,
		});
	}
	return best;
}

/** The rows are clearly of another kind than the loss is made for. */
function otherKind(rows: readonly JsonRow[], kind: RowKind, file: string): XrightError | null {
	const others = (Object.keys(rowKinds) as RowKind[]).filter((other) => !rowKinds[kind].writtenAs.includes(other));
	for (const other of others) {
		const [best] = votesFor(rows, other);
		if (!best || best.written !== other || best.count * 2 <= rows.length) continue;
		const wanted = `the ${rowKinds[kind].objective} objective as configured needs ${rowKinds[kind].name}`;
		return new XrightError("DATA", `${file}: the rows are ${rowKinds[other].name} (${best.reason}); ${wanted}`, {
			hint: `Known formats: ${list(kind)}. Or choose a loss (objective.preference.loss) or an objective for these rows.`,
		});
	}
	return null;
}

function unknownFormat(rows: readonly JsonRow[], kind: RowKind, file: string): XrightError {
	const found = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const keys = found.length > 0 ? `the rows have ${found.slice(0, 12).join(", ")}` : "no row could be read";
	const objective = rowKinds[kind].objective;
	const known = new Set(serving(kind).flatMap((format) => format.keys));
	const guesses = found.flatMap((key) => {
		const guess = known.has(key) ? null : closest(key, known);
		return guess ? [`"${guess}" for "${key}"`] : [];
	});
	const meant = guesses.length > 0 ? `Did you mean ${guesses.join(", ")}? ` : "";
	return new XrightError("DATA", `${file}: the format of the ${objective} data is not known: ${keys}`, {
		hint: `${meant}Known formats: ${list(kind)}. Rename the keys, or set data.${objective}.format.`,
	});
}

function serving(kind: RowKind): Format[] {
	return formats.filter((format) => rowKinds[kind].writtenAs.some((written) => format.convert[written]));
}

function list(kind: RowKind): string {
	return serving(kind)
		.map((format) => `${format.name} ${format.shape}`)
		.join(", ");
}
