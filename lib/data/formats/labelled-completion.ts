import type { UnpairedExample } from "../types.js";
import { answerOf, demonstration, labelField, promptText, textField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Prompt, one completion and whether it is wanted, as TRL's unpaired preference data. */
export const labelledCompletion: Format = {
	name: "labelled-completion",
	shape: "{prompt, completion or response, label}",
	description: "a prompt with one answer, labelled true (wanted) or false, as strings or lists of messages",
	keys: ["prompt", "completion", "response", "label"],
	detect: (row, kind) => {
		if (kind !== "unpaired") return null;
		return byKeys(row, ["prompt", "completion", "label"]) ?? byKeys(row, ["prompt", "response", "label"]);
	},
	convert: { unpaired: convert },
};

function convert(row: JsonRow, options: FormatOptions): UnpairedExample {
	const prompt = textField(row, "prompt");
	const key = row.completion === undefined ? "response" : "completion";
	const answer = textField(row, key);
	const asked =
		typeof answer !== "string" && typeof prompt === "string" ? userMessage(prompt) : promptText(prompt, options);
	return { ...demonstration(asked, answerOf(answer, key), key), desirable: labelField(row) };
}
