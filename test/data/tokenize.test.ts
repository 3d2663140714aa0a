import { describe, expect, test } from "vitest";
import { LOST, SAME, tokenizeExample } from "../../lib/data/tokenize.js";
import type { PreferenceExample, SftExample } from "../../lib/data/types.js";
import type { Tokenizer } from "../../lib/tokenizer/types.js";
import { ids, tinyTokenizer } from "./support.js";

const tokenizer = tinyTokenizer();
const sft = (example: SftExample, maxLength = 1024, by: Tokenizer = tokenizer) =>
	tokenizeExample("sft", example, by, maxLength);
const pair = (example: PreferenceExample, maxLength = 1024, by: Tokenizer = tokenizer) =>
	tokenizeExample("preference", example, by, maxLength);
const encode = async (text: string) => [...(await tokenizer.encode(text))];
const user = (content: string) => [{ role: "user", content }];

describe("prompt and response", () => {
	test("are tokenised apart, so the boundary never moves", async () => {
		const joined = await encode("Hello world");
		const { row } = await sft({ prompt: "Hel", response: "lo world" });
		expect([...row.prompt]).toEqual(await encode("Hel"));
		expect([...row.response]).toEqual([...(await encode("lo world")), ids.end]);
		expect([...row.prompt, ...row.response]).not.toEqual([...joined, ids.end]);
	});

	test("a pair has one prompt", async () => {
		const { row, truncated } = await pair({ prompt: "Hello", chosen: " yes", rejected: " no" });
		expect(truncated).toBe(false);
		expect([...row.prompt]).toEqual(await encode("Hello"));
		expect([...row.chosen]).toEqual([...(await encode(" yes")), ids.end]);
		expect([...row.rejected]).toEqual([...(await encode(" no")), ids.end]);
	});
});

describe("BOS and EOS", () => {
	test("BOS comes once, on the prompt, when the tokenizer asks for it", async () => {
		const asking = tinyTokenizer({ bos_token: "<|endoftext|>", add_bos_token: true });
		const { row } = await sft({ prompt: "Hello", response: "a" }, 1024, asking);
		expect([...row.prompt]).toEqual([ids.endOfText, ...(await encode("Hello"))]);
		expect([...row.response]).toEqual([...(await encode("a")), ids.end]);
		const empty = await sft({ prompt: "", response: "a" }, 1024, asking);
		expect([...empty.row.prompt]).toEqual([ids.endOfText]);
	});

	test("an answer that already ends with EOS does not get a second one", async () => {
		const { row } = await sft({ prompt: "a", response: "b<|im_end|>" });
		expect([...row.response]).toEqual([...(await encode("b")), ids.end]);
	});

	test("in a chat the template writes the special tokens, and the answer ends the turn", async () => {
		const asking = tinyTokenizer({ add_bos_token: true });
		const { row } = await sft({ prompt: user("Hi"), response: "Hello" }, 1024, asking);
		expect(await tokenizer.decode(row.prompt)).toBe(
			"<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		);
		expect([...row.prompt].slice(0, 2)).not.toEqual([ids.start, ids.start]);
		const whole = asking.renderChat([...user("Hi"), { role: "assistant", content: "Hello" }], {
			addGenerationPrompt: false,
		});
		expect(`${await tokenizer.decode([...row.prompt, ...row.response])}\n`).toBe(whole);
		expect([...row.response].filter((id) => id === ids.end)).toHaveLength(1);
	});

	test("a chat that the template refuses is a bad row", async () => {
		const strict = tinyTokenizer({}, { chatTemplate: "{{ raise_exception('no system role') }}" });
		await expect(sft({ prompt: user("Hi"), response: "a" }, 1024, strict)).rejects.toThrow("no system role");
	});

	test("a chat without a template is an error of the whole run", async () => {
		const none = tinyTokenizer({}, { chatTemplate: null });
		await expect(sft({ prompt: user("Hi"), response: "a" }, 1024, none)).rejects.toMatchObject({ code: "TOKENIZER" });
	});
});

describe("maxLength", () => {
	const prompt = "Hello";
	const response = " one two three four five six";

	test("cuts the response on the right; a cut one has no EOS", async () => {
		const before = (await encode(prompt)).length;
		const whole = [...(await encode(response)), ids.end];
		for (let room = 1; room <= whole.length + 1; room++) {
			const { row, truncated } = await sft({ prompt, response }, before + room);
			expect([...row.response]).toEqual(whole.slice(0, room));
			expect(truncated).toBe(room < whole.length);
			expect(row.prompt.length).toBe(before);
		}
	});

	test("a row whose response is lost is dropped", async () => {
		const before = (await encode(prompt)).length;
		for (const maxLength of [before, before - 1, 1]) {
			await expect(sft({ prompt, response }, maxLength)).rejects.toMatchObject({ reason: LOST });
			await expect(pair({ prompt, chosen: "a", rejected: "b" }, maxLength)).rejects.toMatchObject({ reason: LOST });
		}
	});

	test("both answers of a pair keep a token, each cut on its own", async () => {
		const before = (await encode(prompt)).length;
		const { row, truncated } = await pair({ prompt, chosen: response, rejected: " no" }, before + 3);
		expect(truncated).toBe(true);
		expect(row.chosen.length).toBe(3);
		expect([...row.rejected]).toEqual([...(await encode(" no")), ids.end]);
	});

	test("answers that are the same after the cut say nothing", async () => {
		const before = (await encode(prompt)).length;
		const example = { prompt, chosen: " one two a", rejected: " one two b" };
		await expect(pair(example, before + 2)).rejects.toMatchObject({ reason: SAME });
	});

	test("without a prompt the first token cannot be scored, so two must stay", async () => {
		expect((await sft({ prompt: "", response }, 2)).row.response.length).toBe(2);
		await expect(sft({ prompt: "", response }, 1)).rejects.toMatchObject({ reason: LOST });
	});
});
