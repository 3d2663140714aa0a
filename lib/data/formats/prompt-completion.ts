import { BadRow } from "../bad-row.js";
import type { SftExample } from "../types.js";
import { answerOf, demonstration, promptText, textField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Prompt and completion, as strings that are joined as they are, or as lists of messages. */
export const promptCompletion: Format = {
	name: "prompt-completion",
	shape: "{prompt, completion}",
	description: "a prompt with the text that follows it, as strings or lists of messages",
	keys: ["prompt", "completion"],
	detect: (row, kind) => (kind === "sft" ? byKeys(row, ["prompt", "completion"]) : null),
	convert: { sft: convert },
};

function convert(row: JsonRow, options: FormatOptions): SftExample {
	if (row.label === false) throw new BadRow("a completion labelled as undesired");
	const prompt = textField(row, "prompt");
	const completion = textField(row, "completion");
	const chat = typeof completion !== "string" && typeof prompt === "string";
	const asked = chat ? userMessage(prompt) : promptText(prompt, options);
	return demonstration(asked, answerOf(completion, "completion"), "completion");
}
