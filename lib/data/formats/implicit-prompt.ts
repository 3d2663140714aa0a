import { BadRow } from "../bad-row.js";
import type { Message, PreferenceExample } from "../types.js";
import { answerOf, chosenAnswer, commonMessages, pair, textField } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

const HUMAN = "\n\nHuman:";
const ASSISTANT = "\n\nAssistant:";

/** Two whole conversations that begin alike, as in hh-rlhf; the prompt is what they share. */
export const implicitPrompt: Format = {
	name: "implicit-prompt",
	shape: "{chosen, rejected}",
	description: 'two conversations with the prompt inside, as "\\n\\nHuman: …\\n\\nAssistant: …" or lists of messages',
	keys: ["chosen", "rejected"],
	detect: (row, kind) =>
		kind === "preference"
			? byKeys(row, ["chosen", "rejected"], ["prompt", "instruction", "conversations", "question"])
			: null,
	convert: { preference: convert, sft: chosenAnswer(convert) },
};

function convert(row: JsonRow, options: FormatOptions): PreferenceExample {
	const chosen = textField(row, "chosen");
	const rejected = textField(row, "rejected");
	if (typeof chosen === "string" && typeof rejected === "string") return transcripts(chosen, rejected, options);
	if (typeof chosen === "string" || typeof rejected === "string") {
		throw new BadRow("chosen and rejected are not both strings or both lists of messages");
	}
	const prompt = commonMessages(chosen, rejected);
	if (prompt.length === 0) throw new BadRow("chosen and rejected share no message");
	const skip = prompt.length;
	return pair(prompt, answerOf(chosen.slice(skip), "chosen"), answerOf(rejected.slice(skip), "rejected"));
}

/**
 * The prompt ends with the last "\n\nAssistant:" inside the longest common prefix: a few hh-rlhf rows already differ
 * before the last turn of one side.
 */
function transcripts(chosen: string, rejected: string, options: FormatOptions): PreferenceExample {
	if (chosen === rejected) throw new BadRow("identical chosen and rejected");
	const cut = chosen.slice(0, commonLength(chosen, rejected)).lastIndexOf(ASSISTANT);
	if (cut < 0) throw new BadRow("chosen and rejected share no assistant turn");
	const end = cut + ASSISTANT.length;
	const prompt = chosen.slice(0, end);
	if (options.template !== "chat") return pair(prompt, chosen.slice(end), rejected.slice(end));
	return pair(turns(prompt), lastTurn(chosen.slice(end), "chosen"), lastTurn(rejected.slice(end), "rejected"));
}

function commonLength(a: string, b: string): number {
	const limit = Math.min(a.length, b.length);
	let length = 0;
	while (length < limit && a.charCodeAt(length) === b.charCodeAt(length)) length++;
	return length;
}

/** A transcript up to its last "Assistant:", as messages. */
function turns(transcript: string): Message[] {
	const pieces = transcript.slice(0, -ASSISTANT.length).split(/\n\n(Human|Assistant):/);
	if (pieces[0]?.trim() !== "" || pieces.length < 3) throw new BadRow('the conversation does not begin with "Human:"');
	const messages: Message[] = [];
	for (let index = 1; index < pieces.length; index += 2) {
		const role = pieces[index] === "Human" ? "user" : "assistant";
		messages.push({ role, content: (pieces[index + 1] as string).trim() });
	}
	return messages;
}

function lastTurn(answer: string, key: string): string {
	if (answer.includes(HUMAN) || answer.includes(ASSISTANT))
		throw new BadRow(`${key} has more than one turn of its own`);
	return answer.trim();
}
