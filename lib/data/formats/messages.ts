import { BadRow } from "../bad-row.js";
import type { SftExample } from "../types.js";
import { demonstration, messagesField } from "./fields.js";
import { byKeys, type Format, type JsonRow } from "./format.js";

/** A conversation; its last assistant message is the answer to learn, everything before it the prompt. */
export const messages: Format = {
	name: "messages",
	shape: "{messages}",
	description: "a conversation as a list of {role, content}, rendered with the model's chat template",
	keys: ["messages"],
	detect: (row, objective) => (objective === "sft" ? byKeys(row, ["messages"]) : null),
	convert: { sft: convert },
};

function convert(row: JsonRow): SftExample {
	if (row.label === false) throw new BadRow("a conversation labelled as undesired");
	const list = messagesField(row, "messages");
	const last = list.findLastIndex((message) => message.role === "assistant");
	const answer = list[last];
	if (!answer) throw new BadRow("messages has no assistant message");
	if (last === 0) throw new BadRow("messages has nothing before the answer");
	return demonstration(list.slice(0, last), answer.content, "assistant message");
}
