import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leadingTokens } from "../../lib/tokenizer/specials.js";
import { createTokenizer } from "../../lib/tokenizer/tokenizer.js";
import { byteTokenizer, ids, tinyTokenizer, tokenizerFiles } from "../data/support.js";

describe("encode and decode", () => {
	const tokenizer = tinyTokenizer();

	test("no special tokens are added; written out they become their ids", async () => {
		expect([...(await tokenizer.encode("Hello world"))]).toEqual([39, 385, 78, 675]);
		expect([...(await tokenizer.encode("<|im_start|>a<|im_end|>"))]).toEqual([ids.start, 64, ids.end]);
		expect((await tokenizer.encode("")).length).toBe(0);
	});

	test("text comes back", async () => {
		await fc.assert(
			fc.asyncProperty(fc.stringMatching(/^[ -~]{0,40}$/), async (text) => {
				expect(await tokenizer.decode(await tokenizer.encode(text))).toBe(text);
			}),
		);
	});

	test("a batch is the texts one by one", async () => {
		const texts = Array.from({ length: 600 }, (_, index) => `text number ${index}`);
		const single = await Promise.all(texts.map((text) => tokenizer.encode(text)));
		expect(await tokenizer.encodeBatch(texts)).toEqual(single);
	});

	test("special tokens can be left out of the text", async () => {
		const tokens = await tokenizer.encode("a<|im_end|>");
		expect(await tokenizer.decode(tokens)).toBe("a<|im_end|>");
		expect(await tokenizer.decode(tokens, { skipSpecial: true })).toBe("a");
	});

	test("padding, truncation and dropout of the file do not apply", async () => {
		const { tokenizerJson, ...files } = tokenizerFiles();
		const model = { ...(tokenizerJson.model as object), dropout: 0.9 };
		const truncation = { max_length: 2, strategy: "LongestFirst", stride: 0, direction: "Right" };
		const odd = createTokenizer({ ...files, tokenizerJson: { ...tokenizerJson, model, truncation } });
		expect(await odd.encode("Hello world")).toEqual(await tokenizer.encode("Hello world"));
	});
});

describe("special tokens", () => {
	test("names are strings or objects", () => {
		const tokenizer = tinyTokenizer({ bos_token: { content: "<|endoftext|>" }, pad_token: "<|im_end|>" });
		expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([ids.endOfText, ids.end, ids.end]);
		expect(tokenizer.vocabSize).toBe(2003);
	});

	test("BOS is added when the configuration says so, or else the post-processor", () => {
		const processor = {
			type: "TemplateProcessing",
			single: [{ SpecialToken: { id: "<|im_start|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
			pair: [],
			special_tokens: { "<|im_start|>": { id: "<|im_start|>", ids: [2001], tokens: ["<|im_start|>"] } },
		};
		const { tokenizerJson } = tokenizerFiles();
		const files = {
			tokenizerJson: { ...tokenizerJson, post_processor: { type: "Sequence", processors: [processor] } },
		};
		expect(tinyTokenizer().addBos).toBe(false);
		expect(tinyTokenizer({ add_bos_token: true }).addBos).toBe(true);
		expect(tinyTokenizer({}, files).addBos).toBe(true);
		expect(tinyTokenizer({ add_bos_token: false }, files).addBos).toBe(false);
		expect(leadingTokens({ type: "RobertaProcessing", cls: ["<s>", 0], sep: ["</s>", 2] })).toEqual(["<s>"]);
	});

	test("EOS falls back to the model's", () => {
		const tokenizer = tinyTokenizer({ eos_token: null }, { eosTokenIds: [ids.endOfText, 7] });
		expect([tokenizer.eosId, tokenizer.stopIds]).toEqual([ids.endOfText, [ids.endOfText, 7]]);
		expect(tinyTokenizer({}, { eosTokenIds: [ids.endOfText] }).stopIds).toEqual([ids.end, ids.endOfText]);
	});

	test("missing or unknown special tokens are errors", () => {
		expect(() => tinyTokenizer({ eos_token: null }, { eosTokenIds: [] })).toThrow("no end-of-sequence token");
		expect(() => tinyTokenizer({ eos_token: "</s>" })).toThrow('eos_token "</s>" is not in the vocabulary');
	});

	test("a chat turn ends with the template's own token when that is a stop token", async () => {
		const template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>\n{% endfor %}";
		expect(await tinyTokenizer().chatEndId()).toBe(ids.end);
		const stops = { chatTemplate: template, eosTokenIds: [ids.end, ids.endOfText] };
		expect(await tinyTokenizer({}, stops).chatEndId()).toBe(ids.endOfText);
		expect(await tinyTokenizer({}, { chatTemplate: template }).chatEndId()).toBe(ids.end);
	});
});

describe("errors", () => {
	test("files that are no tokenizer", () => {
		for (const tokenizerJson of [{}, { model: { type: "BPE", vocab: { a: 0 }, merges: [["a", "b"]] } }]) {
			expect(() => tinyTokenizer({}, { tokenizerJson })).toThrow("tokenizer.json cannot be used");
		}
	});

	test("patterns that could stall", () => {
		const { tokenizerJson } = tokenizerFiles();
		const split = { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated", invert: false };
		const pre_tokenizer = { type: "Sequence", pretokenizers: [split] };
		expect(() => tinyTokenizer({}, { tokenizerJson: { ...tokenizerJson, pre_tokenizer } })).toThrow(
			"pre_tokenizer has an unsafe pattern (a+)+$",
		);
	});

	test("a text without end", async () => {
		await expect(tinyTokenizer().encode("x".repeat(5 << 20))).rejects.toMatchObject({ code: "TOKENIZER" });
	});

	test("no chat template", () => {
		const tokenizer = tinyTokenizer({}, { chatTemplate: null });
		expect(tokenizer.hasChatTemplate).toBe(false);
		expect(() => tokenizer.renderChat([{ role: "user", content: "a" }], { addGenerationPrompt: true })).toThrow(
			"no chat template",
		);
	});
});

test("the fingerprint follows everything that ids and chats depend on", () => {
	const { tokenizerJson } = tokenizerFiles();
	const prints = [
		tinyTokenizer(),
		tinyTokenizer({ add_bos_token: true }),
		tinyTokenizer({}, { chatTemplate: "{{ messages }}" }),
		tinyTokenizer({}, { eosTokenIds: [1] }),
		tinyTokenizer({}, { tokenizerJson: { ...tokenizerJson, normalizer: null } }),
	].map((tokenizer) => tokenizer.fingerprint);
	expect(new Set(prints).size).toBe(prints.length);
	expect(tinyTokenizer().fingerprint).toBe(prints[0]);
});

describe("streamDecoder", () => {
	test("pieces add up to the whole text, and no character is handed out in part", async () => {
		const tokenizer = byteTokenizer();
		const text = fc.string({ unit: fc.constantFrom("a", " ", "é", "日", "🤣", "\n"), maxLength: 12 });
		await fc.assert(
			fc.asyncProperty(text, async (text) => {
				const tokens = await tokenizer.encode(text);
				expect(tokens.length).toBe(Buffer.byteLength(text));
				const decoder = tokenizer.streamDecoder();
				const pieces: string[] = [];
				for (const id of tokens) pieces.push(await decoder.push(id));
				expect(await decoder.flush()).toBe("");
				expect(pieces.join("")).toBe(text);
				for (const piece of pieces) expect(piece).not.toContain("\ufffd");
			}),
		);
	});

	test("special tokens are left out", async () => {
		const decoder = tinyTokenizer().streamDecoder();
		expect([await decoder.push(39), await decoder.push(ids.end), await decoder.push(385)]).toEqual(["H", "", "ell"]);
	});

	test("an incomplete character comes out at the end", async () => {
		const tokenizer = byteTokenizer();
		const decoder = tokenizer.streamDecoder();
		const [first] = await tokenizer.encode("é");
		expect(await decoder.push(first!)).toBe("");
		expect(await decoder.flush()).toBe("\ufffd");
		expect(await decoder.flush()).toBe("");
	});
});
