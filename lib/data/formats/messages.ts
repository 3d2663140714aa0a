import { BadRow } from "../bad-row.js";
import type { SftExample } from "../types.js";
import { lastAnswer } from "./fields.js";
import { byKeys, type Format, type JsonRow } from "./format.js";

/** A conversation; its last assistant message is the answer to learn, everything before it the prompt. */
export const messages: Format = {
	name: "messages",
	shape: "{messages}",
	description: "a conversation as a list of {role, content}, rendered with the model's chat template",
	keys: ["messages"],
	detect: (row, kind) => (kind === "sft" ? byKeys(row, ["messages"]) : null),
	convert: { sft: convert },
};

function convert(row: JsonRow): SftExample {
	if (row.label === false) throw new BadRow("a conversation labelled as undesired");
	return lastAnswer(row);
}
