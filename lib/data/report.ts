import { XrightError } from "../errors.js";
import type { DataReport } from "./types.js";

/** Bad rows that are named one by one. */
const EXAMPLES = 5;

/** DataReport as it is stored: example rows without the file's name, and how many of the dropped rows were bad. */
export interface StoredReport extends DataReport {
	bad: number;
}

/** Counts what happens to the rows of one file. */
export class ReportBuilder {
	readonly #report: StoredReport = {
		format: "",
		formatReason: "",
		read: 0,
		kept: 0,
		dropped: {},
		examples: [],
		truncated: 0,
		tokens: { prompt: 0, response: 0 },
		bad: 0,
	};

	format(name: string, reason: string): void {
		this.#report.format = name;
		this.#report.formatReason = reason;
	}

	/** A row that is kept. */
	keep(promptTokens: number, responseTokens: number, truncated: boolean): void {
		this.#report.read++;
		this.#report.kept++;
		this.#report.truncated += truncated ? 1 : 0;
		this.#report.tokens.prompt += promptTokens;
		this.#report.tokens.response += responseTokens;
	}

	/** A row that is left out; `bad` ones count against maxBadRows. */
	drop(line: number, reason: string, bad: boolean): void {
		const { dropped, examples } = this.#report;
		this.#report.read++;
		dropped[reason] = (Object.hasOwn(dropped, reason) ? (dropped[reason] as number) : 0) + 1;
		if (bad) this.#report.bad++;
		if (bad && examples.length < EXAMPLES) examples.push(`${line}: ${reason}`);
	}

	result(): StoredReport {
		return this.#report;
	}
}

/** The stored report with the file's name in its examples. */
export function publicReport(stored: StoredReport, file: string): DataReport {
	const { bad: _, ...report } = stored;
	return { ...report, examples: report.examples.map((example) => `${file}:${example}`) };
}

/**
 * Throws DATA when more rows are bad than allowed (`maxBadRows` up to 1 is a share of the rows read, above 1 a number of
 * rows), or when none is left.
 */
export function checkReport(stored: StoredReport, file: string, maxBadRows: number): void {
	const { bad, read, kept } = stored;
	const allowed = maxBadRows <= 1 ? maxBadRows * read : maxBadRows;
	const counts = Object.entries(stored.dropped)
		.sort((a, b) => b[1] - a[1])
		.map(([reason, count]) => `${count} × ${reason}`)
		.join(", ");
	const examples = stored.examples.map((example) => `\n  ${file}:${example}`).join("");
	if (bad > allowed) {
		const limit = maxBadRows <= 1 ? `${maxBadRows * 100} %` : `${maxBadRows}`;
		throw new XrightError(
			"DATA",
			`${file}: ${bad} of ${read} rows are unusable (allowed: ${limit}): ${counts}${examples}`,
			{
				hint: "Correct these rows, or raise data.maxBadRows to skip them.",
			},
		);
	}
	if (kept === 0) {
		const why = read === 0 ? "it holds no rows" : `all ${read} rows were left out: ${counts}${examples}`;
		throw new XrightError("DATA", `${file}: no row is left to train on: ${why}`, {
			hint: read === 0 ? "Check the file." : "Correct the rows, or raise data.maxLength.",
		});
	}
}
