import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BadRow, UnwantedRow } from "../../../lib/data/bad-row.js";
import type { FormatOptions, JsonRow } from "../../../lib/data/formats/format.js";
import { formats } from "../../../lib/data/formats/index.js";
import { fixture } from "../support.js";

const plain: FormatOptions = { template: "auto" };
const chat: FormatOptions = { template: "chat" };

const named = (name: string) => formats.find((format) => format.name === name)!;
const pairOf = (name: string, row: JsonRow, options = plain) => named(name).convert.preference!(row, options);
const sftOf = (name: string, row: JsonRow, options = plain) => named(name).convert.sft!(row, options);
const labelledOf = (name: string, row: JsonRow, options = plain) => named(name).convert.unpaired!(row, options);
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

test("every format file is listed", () => {
	const helpers = ["fields.ts", "format.ts", "index.ts"];
	const files = readdirSync(new URL("../../../lib/data/formats", import.meta.url)).filter(
		(file) => !helpers.includes(file),
	);
	expect(formats.map((format) => `${format.name}.ts`).sort()).toEqual(files.sort());
});

describe("preference", () => {
	test("strings stay as they are", () => {
		const row = { prompt: "Q: ", chosen: " yes", rejected: "no " };
		expect(pairOf("preference", row)).toEqual(row);
	});

	test("strings become a chat when it is asked for", () => {
		const row = { prompt: "Q", chosen: "yes", rejected: "no" };
		expect(pairOf("preference", row, chat)).toEqual({ prompt: [user("Q")], chosen: "yes", rejected: "no" });
	});

	test("lists of messages, with or without the prompt repeated", () => {
		const expected = { prompt: [user("Q")], chosen: "yes", rejected: "no" };
		const answers = { chosen: [assistant("yes")], rejected: [assistant("no")] };
		const whole = { chosen: [user("Q"), assistant("yes")], rejected: [user("Q"), assistant("no")] };
		for (const prompt of ["Q", [user("Q")]]) {
			expect(pairOf("preference", { prompt, ...answers })).toEqual(expected);
			expect(pairOf("preference", { prompt, ...whole })).toEqual(expected);
		}
		expect(() => pairOf("preference", { prompt: "other", ...whole })).toThrow("do not begin with the prompt");
	});

	test("text parts of OpenAI's content lists are joined", () => {
		const content = [
			{ type: "text", text: "a" },
			{ type: "text", text: "b" },
		];
		const row = { prompt: [{ role: "user", content }], chosen: "yes", rejected: "no" };
		expect(pairOf("preference", row).prompt).toEqual([user("ab")]);
		const image = { ...row, prompt: [{ role: "user", content: [{ type: "image_url" }] }] };
		expect(() => pairOf("preference", image)).toThrow("not text");
	});
});

describe("implicit-prompt", () => {
	const rows = readFileSync(fixture("hh/quirks.jsonl"), "utf8").trim().split("\n");
	const quirk = (index: number) => JSON.parse(rows[index]!) as { chosen: string; rejected: string };

	test("cuts at the last assistant turn inside the common prefix", () => {
		const before = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:";
		const row = { chosen: `${before} good`, rejected: `${before} bad` };
		expect(pairOf("implicit-prompt", row)).toEqual({ prompt: before, chosen: " good", rejected: " bad" });
	});

	test("cuts before turns that only one side has (real rows)", () => {
		for (const [index, side] of [
			[0, "chosen"],
			[1, "rejected"],
		] as const) {
			const row = quirk(index);
			const { prompt, chosen, rejected } = pairOf("implicit-prompt", row);
			expect(prompt as string).toMatch(/^\n\nHuman: [^\n]*\n\nAssistant:$/);
			expect([`${prompt}${chosen}`, `${prompt}${rejected}`]).toEqual([row.chosen, row.rejected]);
			expect({ chosen, rejected }[side]).toContain("\n\nAssistant:");
			expect(() => pairOf("implicit-prompt", row, chat)).toThrow(`${side} has more than one turn of its own`);
		}
	});

	test("rows with an empty answer or two equal ones are bad (real rows)", () => {
		expect(() => pairOf("implicit-prompt", quirk(2))).toThrow("empty rejected");
		expect(() => pairOf("implicit-prompt", quirk(3))).toThrow("empty rejected");
		expect(() => pairOf("implicit-prompt", quirk(4))).toThrow("identical chosen and rejected");
	});

	test("an earlier turn may be empty (real row)", () => {
		const row = quirk(3);
		const { prompt } = pairOf("implicit-prompt", { chosen: row.chosen, rejected: `${row.rejected}Yes.` }, chat);
		expect(prompt).toHaveLength(5);
		expect((prompt as { content: string }[])[3]!.content).toBe("");
	});

	test("a half-shared marker is not a turn", () => {
		expect(() =>
			pairOf("implicit-prompt", { chosen: "\n\nHuman: a\n\nAssist x", rejected: "\n\nHuman: a\n\nAssist y" }),
		).toThrow("share no assistant turn");
	});

	test("with a chat template transcripts become messages", () => {
		const before = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:";
		expect(pairOf("implicit-prompt", { chosen: `${before} good`, rejected: `${before} bad` }, chat)).toEqual({
			prompt: [user("a"), assistant("b"), user("c")],
			chosen: "good",
			rejected: "bad",
		});
	});

	test("lists of messages share their leading messages", () => {
		const shared = [user("a"), assistant("b"), user("c")];
		const row = { chosen: [...shared, assistant("good")], rejected: [...shared, assistant("bad")] };
		expect(pairOf("implicit-prompt", row)).toEqual({ prompt: shared, chosen: "good", rejected: "bad" });
		const late = { chosen: [user("a"), assistant("b")], rejected: [user("z"), assistant("y")] };
		expect(() => pairOf("implicit-prompt", late)).toThrow("share no message");
	});
});

describe("safe-rlhf", () => {
	const row = {
		prompt: "Q",
		response_0: "risky",
		response_1: "safe",
		is_response_0_safe: false,
		is_response_1_safe: true,
		better_response_id: 0,
	};

	test("the safe answer is preferred, whichever it is", () => {
		const expected = { prompt: "\n\nHuman: Q\n\nAssistant:", chosen: " safe", rejected: " risky" };
		expect(pairOf("safe-rlhf", row)).toEqual(expected);
		const swapped = { ...row, response_0: "safe", response_1: "risky", is_response_0_safe: true };
		expect(pairOf("safe-rlhf", { ...swapped, is_response_1_safe: false })).toEqual(expected);
		expect(pairOf("safe-rlhf", row, chat)).toEqual({ prompt: [user("Q")], chosen: "safe", rejected: "risky" });
		expect(named("safe-rlhf").detect(row, "preference")).toContain("is_response_1_safe");
	});

	test("equal labels are left out, missing ones are bad", () => {
		expect(() => pairOf("safe-rlhf", { ...row, is_response_0_safe: true })).toThrow(UnwantedRow);
		const { is_response_0_safe: _, ...unlabelled } = row;
		expect(() => pairOf("safe-rlhf", unlabelled)).toThrow("is_response_0_safe is not true or false");
	});
});

describe("transcript", () => {
	/** As in ultrafeedback_binarized: the prompt as a string and once more at the head of both conversations. */
	const row = {
		prompt: "Q",
		chosen: [user("Q"), assistant("yes")],
		rejected: [user("Q"), assistant("no")],
		messages: [user("Q"), assistant("yes")],
		score_chosen: 8,
	};

	test("messages are written out, and SFT learns the chosen answer", () => {
		const prompt = "\n\nHuman: Q\n\nAssistant:";
		expect(pairOf("transcript", row)).toEqual({ prompt, chosen: " yes", rejected: " no" });
		expect(sftOf("transcript", row)).toEqual({ prompt, response: " yes" });
		const turns = [{ role: "system", content: "S" }, user("a"), assistant("b"), user("c")];
		const long = { prompt: turns, chosen: [assistant("yes")], rejected: [assistant("no")] };
		expect(pairOf("transcript", long).prompt).toBe(
			"\n\nSystem: S\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:",
		);
	});

	test("a chat template is used when it is asked for", () => {
		expect(sftOf("transcript", row, chat)).toEqual({ prompt: [user("Q")], response: "yes" });
	});

	test("rows without a usable pair are bad for both objectives", () => {
		for (const bad of [
			{ ...row, rejected: row.chosen },
			{ ...row, rejected: [user("Q"), assistant("")] },
			{ ...row, chosen: null },
		]) {
			expect(() => pairOf("transcript", bad)).toThrow(BadRow);
			expect(() => sftOf("transcript", bad)).toThrow(BadRow);
		}
	});

	test("it is never taken unasked", () => {
		expect(named("transcript").detect(row, "preference")).toBeNull();
		expect(named("transcript").detect(row, "sft")).toBeNull();
	});
});

test("formats with pairs serve SFT by their chosen answers, when they are asked for", () => {
	const plainRow = { prompt: "Q: ", chosen: " yes", rejected: " no" };
	expect(sftOf("preference", plainRow)).toEqual({ prompt: "Q: ", response: " yes" });
	const shared = "\n\nHuman: a\n\nAssistant:";
	const transcripts = { chosen: `${shared} good`, rejected: `${shared} bad` };
	expect(sftOf("implicit-prompt", transcripts)).toEqual({ prompt: shared, response: " good" });
	for (const row of [plainRow, transcripts]) {
		expect(formats.filter((format) => format.detect(row, "sft") !== null)).toEqual([]);
	}
});

describe("sft formats", () => {
	test("prompt-completion", () => {
		expect(sftOf("prompt-completion", { prompt: "a", completion: " b" })).toEqual({ prompt: "a", response: " b" });
		const messages = { prompt: [user("a")], completion: [assistant("b")] };
		expect(sftOf("prompt-completion", messages)).toEqual({ prompt: [user("a")], response: "b" });
		expect(sftOf("prompt-completion", { prompt: "a", completion: "b" }, chat).prompt).toEqual([user("a")]);
	});

	test("alpaca uses the input", () => {
		const { prompt, response } = sftOf("alpaca", { instruction: "Add.", input: "1 2", output: "3" });
		expect(prompt).toBe(
			"Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:",
		);
		expect(response).toBe("3");
		for (const input of ["", null, undefined]) {
			expect(sftOf("alpaca", { instruction: "Add.", input, output: "3" }).prompt).toBe(
				"Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Response:",
			);
		}
		expect(sftOf("alpaca", { instruction: "Add.", input: "1 2", output: "3" }, chat).prompt).toEqual([
			user("Add.\n\n1 2"),
		]);
		expect(pairOf("alpaca", { instruction: "Add.", chosen: "3", rejected: "4" })).toMatchObject({
			chosen: "3",
			rejected: "4",
		});
	});

	test("messages end at the last assistant message", () => {
		const list = [user("a"), assistant("b"), user("c"), assistant("d")];
		const expected = { prompt: list.slice(0, 3), response: "d" };
		expect(sftOf("messages", { messages: list })).toEqual(expected);
		expect(sftOf("messages", { messages: [...list, user("e")] })).toEqual(expected);
		expect(() => sftOf("messages", { messages: [user("a")] })).toThrow("no assistant message");
		expect(() => sftOf("messages", { messages: [assistant("a")] })).toThrow("nothing before");
		expect(() => sftOf("messages", { messages: list, label: false })).toThrow("undesired");
	});

	test("sharegpt", () => {
		const turn = (from: string, value: string) => ({ from, value });
		const conversations = [turn("human", "a"), turn("gpt", "b")];
		expect(sftOf("sharegpt", { conversations, system: "s" })).toEqual({
			prompt: [{ role: "system", content: "s" }, user("a")],
			response: "b",
		});
		const pair = { conversations: [turn("human", "a")], chosen: turn("gpt", "b"), rejected: turn("gpt", "c") };
		expect(pairOf("sharegpt", pair)).toEqual({ prompt: [user("a")], chosen: "b", rejected: "c" });
		expect(() => sftOf("sharegpt", { conversations: [turn("alien", "a")] })).toThrow("known {from, value}");
	});

	test("question-answer", () => {
		const row = { question: "1+1?", answer: "2" };
		expect(sftOf("question-answer", row)).toEqual({ prompt: "Question: 1+1?\nAnswer:", response: " 2" });
		expect(sftOf("question-answer", row, chat)).toEqual({ prompt: [user("1+1?")], response: "2" });
	});
});

describe("unpaired formats", () => {
	test("a completion or response with its label", () => {
		const row = { prompt: "Q: ", completion: " yes", label: true };
		expect(labelledOf("labelled-completion", row)).toEqual({ prompt: "Q: ", response: " yes", desirable: true });
		const other = { prompt: "Q", response: "no", label: 0 };
		const expected = { prompt: [user("Q")], response: "no", desirable: false };
		expect(labelledOf("labelled-completion", other, chat)).toEqual(expected);
		const messages = { prompt: [user("Q")], completion: [assistant("no")], label: false };
		expect(labelledOf("labelled-completion", messages)).toEqual(expected);
	});

	test("a conversation with the label of its last answer", () => {
		const row = { messages: [user("Q"), assistant("no")], label: false };
		const expected = { prompt: [user("Q")], response: "no", desirable: false };
		expect(labelledOf("labelled-messages", row)).toEqual(expected);
	});

	test("a label must be true or false", () => {
		for (const name of ["labelled-completion", "labelled-messages"]) {
			const row = { prompt: "Q", completion: "yes", messages: [user("Q"), assistant("yes")] };
			expect(() => labelledOf(name, row)).toThrow("missing label");
			expect(() => labelledOf(name, { ...row, label: "good" })).toThrow("not true or false");
		}
	});

	test("an answer labelled as undesired is none to learn from", () => {
		expect(() => sftOf("prompt-completion", { prompt: "Q", completion: "no", label: false })).toThrow("undesired");
	});
});

describe("bad rows", () => {
	const cases: [string, "preference" | "sft", JsonRow, string][] = [
		["preference", "preference", { prompt: "a", chosen: "b" }, "missing rejected"],
		["preference", "preference", { prompt: null, chosen: "b", rejected: "c" }, "missing prompt"],
		["preference", "preference", { prompt: 5, chosen: "b", rejected: "c" }, "prompt is a number"],
		["preference", "preference", { prompt: "a", chosen: " \n", rejected: "c" }, "empty chosen"],
		["preference", "preference", { prompt: "a", chosen: "b", rejected: "b" }, "identical chosen and rejected"],
		["preference", "preference", { prompt: "a", chosen: "b", rejected: [] }, "rejected is empty"],
		[
			"preference",
			"preference",
			{ prompt: "a", chosen: [user("b")], rejected: [user("c")] },
			"not one assistant message",
		],
		["preference", "preference", { prompt: "a", chosen: "b", rejected: [assistant("c")] }, "not both strings"],
		["prompt-completion", "sft", { prompt: "a", completion: "" }, "empty completion"],
		["prompt-completion", "sft", { prompt: "a", completion: {} }, "completion is an object"],
		["alpaca", "sft", { instruction: "a", output: "" }, "empty output"],
		["alpaca", "sft", { instruction: " ", output: "b" }, "empty instruction"],
		["alpaca", "sft", { instruction: "a", input: [], output: "b" }, "input is a list"],
		["messages", "sft", { messages: "a" }, "messages is a string"],
		["messages", "sft", { messages: [{ content: "a" }] }, "message without a role"],
		["messages", "sft", { messages: [{ role: "user" }] }, "message without text"],
		["question-answer", "sft", { question: "a", answer: "" }, "empty answer"],
	];
	test.each(cases)("%s %s %j: %s", (name, objective, row, reason) => {
		const convert = () => named(name).convert[objective]!(row, plain);
		expect(convert).toThrow(BadRow);
		expect(convert).toThrow(reason);
	});
});
