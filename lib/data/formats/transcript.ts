import type { PreferenceExample, Text } from "../types.js";
import { answerOf, chosenAnswer, userMessage } from "./fields.js";
import type { Format, FormatOptions, JsonRow } from "./format.js";
import { preference, preferencePair } from "./preference.js";

/**
 * The rows of "preference" as plain text in the manner of hh-rlhf, for models without a chat template. Only taken when
 * it is asked for.
 */
export const transcript: Format = {
	name: "transcript",
	shape: preference.shape,
	description: 'the rows of "preference" written out as "\\n\\nHuman: …\\n\\nAssistant: …"',
	keys: preference.keys,
	detect: () => null,
	convert: { preference: convert, sft: chosenAnswer(convert) },
};

function convert(row: JsonRow, options: FormatOptions): PreferenceExample {
	const pair = preferencePair(row, { template: "chat" });
	if (options.template === "chat") return pair;
	return { prompt: written(pair.prompt), chosen: answer(pair.chosen), rejected: answer(pair.rejected) };
}

function answer(text: Text): string {
	return ` ${answerOf(text, "answer")}`;
}

const speakers: Record<string, string> = { user: "Human", assistant: "Assistant", system: "System" };

function written(prompt: Text): string {
	const messages = typeof prompt === "string" ? userMessage(prompt) : prompt;
	const turns = messages.map(({ role, content }) => `\n\n${speakers[role] ?? role}: ${content}`);
	return `${turns.join("")}\n\nAssistant:`;
}
