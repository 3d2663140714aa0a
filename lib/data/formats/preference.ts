import { BadRow } from "../bad-row.js";
import type { Message, PreferenceExample, Text } from "../types.js";
import { answerOf, chosenAnswer, commonMessages, pair, promptText, textField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Prompt with two answers, as strings or lists of messages; lists may repeat the prompt, as in UltraFeedback. */
export const preference: Format = {
	name: "preference",
	shape: "{prompt, chosen, rejected}",
	description: "a prompt with a preferred and a rejected answer, as strings or lists of messages",
	keys: ["prompt", "chosen", "rejected"],
	detect: (row, kind) => (kind === "preference" ? byKeys(row, ["prompt", "chosen", "rejected"]) : null),
	convert: { preference: preferencePair, sft: chosenAnswer(preferencePair) },
};

/** The pair of a row; also for formats that write it differently. */
export function preferencePair(row: JsonRow, options: FormatOptions): PreferenceExample {
	const prompt = textField(row, "prompt");
	const chosen = textField(row, "chosen");
	const rejected = textField(row, "rejected");
	if (typeof chosen === "string" && typeof rejected === "string") {
		return pair(promptText(prompt, options), chosen, rejected);
	}
	if (typeof chosen === "string" || typeof rejected === "string") {
		throw new BadRow("chosen and rejected are not both strings or both lists of messages");
	}
	const shared = commonMessages(chosen, rejected);
	const before = promptMessages(prompt, shared);
	const skip = shared.length;
	return pair(before, answerOf(chosen.slice(skip), "chosen"), answerOf(rejected.slice(skip), "rejected"));
}

/** The prompt's messages; those that chosen and rejected share must be the prompt (or its end) once more. */
function promptMessages(prompt: Text, shared: Message[]): Message[] {
	if (shared.length === 0) return typeof prompt === "string" ? userMessage(prompt) : prompt;
	const stated = typeof prompt === "string" ? userMessage(prompt) : prompt;
	const repeats = stated.every((message, index) => {
		const other = shared[shared.length - stated.length + index];
		return other?.role === message.role && other.content === message.content;
	});
	if (!repeats) throw new BadRow("chosen and rejected do not begin with the prompt");
	return shared;
}
