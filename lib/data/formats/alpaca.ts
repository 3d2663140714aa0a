import { BadRow } from "../bad-row.js";
import type { PreferenceExample, SftExample, Text } from "../types.js";
import { demonstration, optionalString, pair, stringField, userMessage } from "./fields.js";
import { byKeys, type Format, type FormatOptions, type JsonRow } from "./format.js";

/** Instruction, optional input and output, in the prompt of Stanford Alpaca. */
export const alpaca: Format = {
	name: "alpaca",
	shape: "{instruction, input, output}",
	description: "an instruction, optionally with an input, and the output (for pairs: chosen and rejected)",
	keys: ["instruction", "input", "output", "chosen", "rejected"],
	detect: (row, kind) =>
		byKeys(row, kind === "sft" ? ["instruction", "output"] : ["instruction", "chosen", "rejected"], ["prompt"]),
	convert: { sft, preference },
};

function sft(row: JsonRow, options: FormatOptions): SftExample {
	return demonstration(promptOf(row, options), stringField(row, "output"), "output");
}

function preference(row: JsonRow, options: FormatOptions): PreferenceExample {
	return pair(promptOf(row, options), stringField(row, "chosen"), stringField(row, "rejected"));
}

/** The texts are those of stanford_alpaca's train.py, where the answer follows "### Response:" directly. */
function promptOf(row: JsonRow, options: FormatOptions): Text {
	const instruction = stringField(row, "instruction");
	const input = optionalString(row, "input");
	if (instruction.trim() === "") throw new BadRow("empty instruction");
	if (options.template === "chat") return userMessage(input === "" ? instruction : `${instruction}\n\n${input}`);
	if (input === "") {
		return `Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n${instruction}\n\n### Response:`;
	}
	return `Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\n${instruction}\n\n### Input:\n${input}\n\n### Response:`;
}
