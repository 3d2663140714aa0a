import { BadRow } from "../bad-row.js";
import type { Message, PreferenceExample, SftExample } from "../types.js";
import { answerOf, demonstration, optionalString, pair } from "./fields.js";
import { byKeys, type Format, type JsonRow } from "./format.js";

const roles = new Map(
	Object.entries({
		human: "user",
		user: "user",
		gpt: "assistant",
		chatgpt: "assistant",
		assistant: "assistant",
		system: "system",
	}),
);

/** ShareGPT's conversations, as LLaMA-Factory writes them; pairs have their answers beside the conversation. */
export const sharegpt: Format = {
	name: "sharegpt",
	shape: "{conversations}",
	description: "a conversation as a list of {from, value}; for pairs with chosen and rejected beside it",
	keys: ["conversations", "system", "chosen", "rejected"],
	detect: (row, kind) =>
		kind === "sft"
			? byKeys(row, ["conversations"], ["chosen", "rejected"])
			: byKeys(row, ["conversations", "chosen", "rejected"]),
	convert: { sft, preference },
};

function sft(row: JsonRow): SftExample {
	const list = conversation(row);
	const last = list.findLastIndex((message) => message.role === "assistant");
	const answer = list[last];
	if (!answer) throw new BadRow("conversations has no assistant turn");
	if (last === 0) throw new BadRow("conversations has nothing before the answer");
	return demonstration(list.slice(0, last), answer.content, "assistant turn");
}

function preference(row: JsonRow): PreferenceExample {
	const answer = (key: string) => answerOf([turn(row[key], key)], key);
	return pair(conversation(row), answer("chosen"), answer("rejected"));
}

function conversation(row: JsonRow): Message[] {
	const list = row.conversations;
	if (!Array.isArray(list) || list.length === 0) throw new BadRow("conversations is not a list of turns");
	const system = optionalString(row, "system");
	const messages = list.map((entry) => turn(entry, "conversations"));
	return system === "" ? messages : [{ role: "system", content: system }, ...messages];
}

function turn(entry: unknown, key: string): Message {
	const { from, value } = (entry ?? {}) as Record<string, unknown>;
	const role = typeof from === "string" ? roles.get(from) : undefined;
	if (role === undefined || typeof value !== "string")
		throw new BadRow(`${key} has a turn without a known {from, value}`);
	return { role, content: value };
}
