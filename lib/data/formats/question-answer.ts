import { BadRow } from "../bad-row.js";
import type { PreferenceExample, SftExample, Text } from "../types.js";
import { demonstration, pair, stringField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Question and answer, as in GSM8K, written "Question: …\nAnswer: …". */
export const questionAnswer: Format = {
	name: "question-answer",
	shape: "{question, answer}",
	description: "a question with its answer (for pairs: chosen and rejected)",
	keys: ["question", "answer", "chosen", "rejected"],
	detect: (row, kind) =>
		byKeys(row, kind === "sft" ? ["question", "answer"] : ["question", "chosen", "rejected"], ["prompt"]),
	convert: { sft, preference },
};

function sft(row: JsonRow, options: FormatOptions): SftExample {
	return demonstration(promptOf(row, options), answer(row, "answer", options), "answer");
}

function preference(row: JsonRow, options: FormatOptions): PreferenceExample {
	return pair(promptOf(row, options), answer(row, "chosen", options), answer(row, "rejected", options));
}

function promptOf(row: JsonRow, options: FormatOptions): Text {
	const question = stringField(row, "question");
	if (question.trim() === "") throw new BadRow("empty question");
	return options.template === "chat" ? userMessage(question) : `Question: ${question}\nAnswer:`;
}

function answer(row: JsonRow, key: string, options: FormatOptions): string {
	const text = stringField(row, key);
	return options.template === "chat" ? text : ` ${text}`;
}
