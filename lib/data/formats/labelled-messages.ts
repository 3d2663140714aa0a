import type { UnpairedExample } from "../types.js";
import { labelField, lastAnswer } from "./fields.js";
import { byKeys, type Format, type JsonRow } from "./format.js";

/** A conversation whose last answer is labelled as wanted or not, as LLaMA-Factory's KTO data. */
export const labelledMessages: Format = {
	name: "labelled-messages",
	shape: "{messages, label}",
	description: "a conversation as a list of {role, content} whose last answer is labelled true (wanted) or false",
	keys: ["messages", "label"],
	detect: (row, kind) => (kind === "unpaired" ? byKeys(row, ["messages", "label"]) : null),
	convert: { unpaired: convert },
};

function convert(row: JsonRow): UnpairedExample {
	return { ...lastAnswer(row), desirable: labelField(row) };
}
