// Rows of the trade-off experiment: short ones, so that it takes well under an hour on two CPU cores.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const HELD_OUT = 96;

const sets = {
	/** hh-rlhf: whole transcripts; the longer one of a pair in characters. */
	preference: {
		longest: 400,
		length: ({ chosen, rejected }) => Math.max(chosen.length, rejected.length),
		prompt: ({ chosen }) => chosen.slice(0, chosen.indexOf("\n\nAssistant:")),
		usable: ({ chosen, rejected }) => chosen !== rejected && [chosen, rejected].every(hasAnswer),
	},
	/** Instructions in Alpaca's keys. */
	sft: {
		longest: 400,
		length: ({ instruction, input, output }) => `${instruction}${input ?? ""}${output}`.length,
		prompt: ({ instruction, input }) => `${instruction}\n${input ?? ""}`,
		usable: ({ output }) => output.trim() !== "",
	},
};

const hasAnswer = (text) => text.slice(text.lastIndexOf("\n\nAssistant:") + 12).trim() !== "";

function readRows(path) {
	const bytes = readFileSync(path);
	const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
	const lines = text.split("\n").filter((line) => line.trim() !== "");
	return lines.map((line) => JSON.parse(line));
}

/** Writes train.jsonl and test.jsonl of one objective; no prompt is in both. Returns the numbers of rows. */
export function prepare(objective, source, folder) {
	const { longest, length, prompt, usable } = sets[objective];
	const seen = new Set();
	const rows = readRows(source).filter((row) => {
		if (!usable(row) || length(row) > longest || seen.has(prompt(row))) return false;
		return seen.add(prompt(row));
	});
	if (rows.length < 2 * HELD_OUT)
		throw new Error(`${source}: only ${rows.length} usable rows up to ${longest} characters`);
	mkdirSync(folder, { recursive: true });
	const write = (split, part) =>
		writeFileSync(join(folder, `${split}.jsonl`), part.map((row) => `${JSON.stringify(row)}\n`).join(""));
	write("test", rows.slice(0, HELD_OUT));
	write("train", rows.slice(HELD_OUT));
	return { train: rows.length - HELD_OUT, heldOut: HELD_OUT, longest };
}
