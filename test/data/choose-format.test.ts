import { describe, expect, test } from "vitest";
import { chooseFormat } from "../../lib/data/choose-format.js";
import type { JsonRow } from "../../lib/data/formats/format.js";
import type { RowKind } from "../../lib/data/types.js";
import { XrightError } from "../../lib/errors.js";

const auto = (kind: RowKind, ...rows: JsonRow[]) => chooseFormat("auto", rows, kind, "rows.jsonl");

function failure(run: () => unknown): XrightError {
	try {
		run();
	} catch (error) {
		if (error instanceof XrightError) return error;
		throw error;
	}
	throw new Error("it did not fail");
}

describe("auto", () => {
	const safety = { response_0: "", response_1: "", is_response_0_safe: true, is_response_1_safe: false };
	const cases: [RowKind, JsonRow, string][] = [
		["preference", { prompt: "", chosen: "", rejected: "" }, "preference"],
		["preference", { chosen: "", rejected: "", source: 1 }, "implicit-prompt"],
		["preference", { instruction: "", input: "", output: "", chosen: "", rejected: "" }, "alpaca"],
		["preference", { conversations: [], chosen: {}, rejected: {} }, "sharegpt"],
		["preference", { question: "", chosen: "", rejected: "" }, "question-answer"],
		["sft", { prompt: "", completion: "" }, "prompt-completion"],
		["sft", { instruction: "", input: "", output: "", category: "" }, "alpaca"],
		["sft", { instruction: "", output: "", chosen: "", rejected: "" }, "alpaca"],
		["sft", { messages: [] }, "messages"],
		["sft", { conversations: [] }, "sharegpt"],
		["sft", { question: "", answer: "" }, "question-answer"],
		["sft", { messages: [], label: true }, "messages"],
		["unpaired", { prompt: "", completion: "", label: true }, "labelled-completion"],
		["unpaired", { prompt: "", response: "", label: false }, "labelled-completion"],
		["unpaired", { messages: [], label: true }, "labelled-messages"],
		["unpaired", { prompt: "", chosen: "", rejected: "" }, "preference"],
		["unpaired", { chosen: "", rejected: "" }, "implicit-prompt"],
		// ultrafeedback_binarized, alpaca-gpt4 and PKU-SafeRLHF with their other columns
		[
			"preference",
			{ prompt: "", prompt_id: "", chosen: [], rejected: [], messages: [], score_chosen: 1 },
			"preference",
		],
		["sft", { prompt: "", prompt_id: "", chosen: [], rejected: [], messages: [], score_chosen: 1 }, "messages"],
		["sft", { instruction: "", input: "", output: "", text: "" }, "alpaca"],
		["preference", { prompt: "", ...safety, better_response_id: 0, safer_response_id: 1 }, "safe-rlhf"],
	];
	test.each(cases)("%s %j is %s", (objective, row, name) => {
		const choice = auto(objective, row);
		expect(choice.format.name).toBe(name);
		expect(choice.reason).toMatch(/^rows have /);
	});

	test("a few broken rows do not matter", () => {
		const good = { prompt: "", completion: "" };
		expect(auto("sft", { prompt: "" }, good, good).format.name).toBe("prompt-completion");
	});

	test("unknown keys are shown with suggestions", () => {
		const error = failure(() => auto("preference", { prompt: "", choosen: "", reject: "" }));
		expect(error.code).toBe("DATA");
		expect(error.message).toContain("rows.jsonl");
		expect(error.message).toContain("prompt, choosen, reject");
		expect(error.hint).toContain('"chosen" for "choosen"');
		expect(error.hint).toContain("implicit-prompt {chosen, rejected}");
	});

	test("rows that fit two formats are ambiguous", () => {
		const error = failure(() => auto("sft", { messages: [], question: "", answer: "" }));
		expect(error.message).toContain('"messages" or "question-answer"');
		expect(error.hint).toContain("data.sft.format");
	});

	test("says what rows of another kind are, and what is needed", () => {
		const cases: [RowKind, JsonRow, string, string][] = [
			["preference", { prompt: "", completion: "" }, "prompts with one answer", "pairs of a chosen and a rejected"],
			["preference", { messages: [], label: true }, "single answers with a label", "pairs of a chosen and a rejected"],
			["unpaired", { prompt: "", completion: "" }, "prompts with one answer", "single answers with a label"],
			["sft", { prompt: "", chosen: "", rejected: "" }, "pairs of a chosen", "prompts with one answer"],
		];
		for (const [kind, row, found, needed] of cases) {
			const { code, message } = failure(() => auto(kind, row));
			expect(code).toBe("DATA");
			expect(message).toMatch(new RegExp(`the rows are ${found}.*needs ${needed}`));
		}
	});
});

describe("by name", () => {
	test("takes the named format", () => {
		expect(chooseFormat("alpaca", [], "sft", "f").format.name).toBe("alpaca");
		expect(chooseFormat("alpaca", [], "unpaired", "f")).toMatchObject({ written: "preference" });
	});

	test("suggests the nearest name", () => {
		expect(failure(() => chooseFormat("aplaca", [], "sft", "f")).hint).toContain('"alpaca"');
	});

	test("refuses a format of the other objective", () => {
		expect(failure(() => chooseFormat("messages", [], "preference", "f")).message).toContain("no preference rows");
	});
});
