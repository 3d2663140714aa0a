import { BadRow, UnwantedRow } from "../bad-row.js";
import type { PreferenceExample } from "../types.js";
import { chosenAnswer, pair, stringField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Two answers with a safety label each, as in PKU-SafeRLHF; the safe one is preferred, equal labels are left out. */
export const safeRlhf: Format = {
	name: "safe-rlhf",
	shape: "{prompt, response_0, response_1, is_response_0_safe, is_response_1_safe}",
	description: "a prompt with two answers and their safety labels; pairs are the rows with opposite labels",
	keys: ["prompt", "response_0", "response_1", "is_response_0_safe", "is_response_1_safe"],
	detect: (row, kind) =>
		kind === "preference"
			? byKeys(row, ["response_0", "response_1", "is_response_0_safe", "is_response_1_safe"])
			: null,
	convert: { preference: convert, sft: chosenAnswer(convert) },
};

/** A plain prompt is written as in hh-rlhf, so that a base model sees where the answer begins. */
function convert(row: JsonRow, options: FormatOptions): PreferenceExample {
	const safe = [label(row, "is_response_0_safe"), label(row, "is_response_1_safe")];
	if (safe[0] === safe[1]) throw new UnwantedRow("equal safety labels");
	const prompt = stringField(row, "prompt");
	const answers = [stringField(row, "response_0"), stringField(row, "response_1")];
	const [chosen, rejected] = (safe[0] ? answers : answers.reverse()) as [string, string];
	if (options.template === "chat") return pair(userMessage(prompt), chosen, rejected);
	return pair(`\n\nHuman: ${prompt}\n\nAssistant:`, ` ${chosen}`, ` ${rejected}`);
}

function label(row: JsonRow, key: string): boolean {
	const value = row[key];
	if (typeof value !== "boolean") throw new BadRow(`${key} is not true or false`);
	return value;
}
