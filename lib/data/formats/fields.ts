import { BadRow } from "../bad-row.js";
import type { Message, PreferenceExample, SftExample, Text } from "../types.js";
import type { Converters, FormatOptions, JsonRow } from "./format.js";

export function stringField(row: JsonRow, key: string): string {
	const value = present(row, key);
	if (typeof value !== "string") throw new BadRow(`${key} is ${kindOf(value)}, not a string`);
	return value;
}

/** The string, or "" when the field is missing or null. */
export function optionalString(row: JsonRow, key: string): string {
	return row[key] === undefined || row[key] === null ? "" : stringField(row, key);
}

/** A string or a list of messages. */
export function textField(row: JsonRow, key: string): Text {
	const value = present(row, key);
	if (typeof value === "string") return value;
	if (Array.isArray(value)) return messageList(value, key);
	throw new BadRow(`${key} is ${kindOf(value)}, not a string or a list of messages`);
}

export function messagesField(row: JsonRow, key: string): Message[] {
	const value = present(row, key);
	if (!Array.isArray(value)) throw new BadRow(`${key} is ${kindOf(value)}, not a list of messages`);
	return messageList(value, key);
}

/** The answer of a text: the string, or the content of its only message, which must be the assistant's. */
export function answerOf(text: Text, key: string): string {
	if (typeof text === "string") return text;
	const [message, ...more] = text;
	if (message?.role !== "assistant" || more.length > 0) throw new BadRow(`${key} is not one assistant message`);
	return message.content;
}

/** With template "chat", a plain prompt becomes a user's message. */
export function promptText(prompt: Text, options: FormatOptions): Text {
	return typeof prompt === "string" && options.template === "chat" ? userMessage(prompt) : prompt;
}

export function userMessage(content: string): Message[] {
	return [{ role: "user", content }];
}

/** The pair, checked: answers that are empty or the same cannot be learnt from. */
export function pair(prompt: Text, chosen: string, rejected: string): PreferenceExample {
	if (chosen.trim() === "") throw new BadRow("empty chosen");
	if (rejected.trim() === "") throw new BadRow("empty rejected");
	if (chosen === rejected) throw new BadRow("identical chosen and rejected");
	return { prompt, chosen, rejected };
}

/** The SFT row, checked; `key` names the answer's field. */
export function demonstration(prompt: Text, response: string, key: string): SftExample {
	if (response.trim() === "") throw new BadRow(`empty ${key}`);
	return { prompt, response };
}

/** SFT on pairs learns the chosen answer; only on request, since no format with pairs is recognised for SFT. */
export function chosenAnswer(toPair: Converters["preference"]): Converters["sft"] {
	return (row, options) => {
		const { prompt, chosen } = toPair(row, options);
		return { prompt, response: chosen };
	};
}

/** The last assistant message of a conversation, with everything before it as the prompt. */
export function lastAnswer(row: JsonRow): SftExample {
	const list = messagesField(row, "messages");
	const last = list.findLastIndex((message) => message.role === "assistant");
	const answer = list[last];
	if (!answer) throw new BadRow("messages has no assistant message");
	if (last === 0) throw new BadRow("messages has nothing before the answer");
	return demonstration(list.slice(0, last), answer.content, "assistant message");
}

/** The label of an answer: true, or 1, when it is wanted. */
export function labelField(row: JsonRow): boolean {
	const value = present(row, "label");
	if (value === true || value === 1) return true;
	if (value === false || value === 0) return false;
	throw new BadRow("label is not true or false");
}

/** The leading messages that two conversations share, at most all but the last of each. */
export function commonMessages(a: readonly Message[], b: readonly Message[]): Message[] {
	const limit = Math.min(a.length, b.length) - 1;
	let count = 0;
	while (count < limit && a[count]?.role === b[count]?.role && a[count]?.content === b[count]?.content) count++;
	return a.slice(0, count);
}

function present(row: JsonRow, key: string): unknown {
	const value = row[key];
	if (value === undefined || value === null) throw new BadRow(`missing ${key}`);
	return value;
}

function messageList(list: readonly unknown[], key: string): Message[] {
	if (list.length === 0) throw new BadRow(`${key} is empty`);
	return list.map((entry) => {
		const { role, content } = (entry ?? {}) as Record<string, unknown>;
		if (typeof role !== "string") throw new BadRow(`${key} has a message without a role`);
		return { role, content: contentOf(content, key) };
	});
}

/** Message content: a string, or OpenAI's list of text parts. */
function contentOf(content: unknown, key: string): string {
	if (typeof content === "string") return content;
	if (!Array.isArray(content)) throw new BadRow(`${key} has a message without text`);
	return content
		.map((part) => {
			const { type, text } = (part ?? {}) as Record<string, unknown>;
			if (type !== "text" || typeof text !== "string") throw new BadRow(`${key} has a message that is not text`);
			return text;
		})
		.join("");
}

function kindOf(value: unknown): string {
	if (Array.isArray(value)) return "a list";
	return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
