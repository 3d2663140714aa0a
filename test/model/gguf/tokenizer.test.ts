import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import type { XrightError } from "../../../lib/errors.js";
import { readGguf } from "../../../lib/model/gguf/file.js";
import { ggufTokenizer } from "../../../lib/model/gguf/tokenizer.js";
import { expectFailure, fileOf } from "../support.js";
import { type Field, gguf, list, T } from "./build.js";

/** GPT-2's letter of each byte: printable Latin-1 stands for itself, the others start at U+0100. */
function byteLetters(): string[] {
	let next = 256;
	const printable = (b: number) => (b > 32 && b < 127) || (b > 160 && b !== 173 && b < 256);
	return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++));
}

const merges = ["Ġ a", "a b", "ab c", "1 2", "Ġa b", "Ġ Ġ", "Ċ Ċ"];
const bpeTokens = ["<|end|>", "<tool>", ...byteLetters(), ...merges.map((merge) => merge.replace(" ", ""))];
const bpeTypes = bpeTokens.map((_, id) => (id === 0 ? 3 : id === 1 ? 4 : 1));

const bpeFields = (pre: string | null): Field[] => [
	["tokenizer.ggml.model", T.string, "gpt2"],
	...(pre === null ? [] : [["tokenizer.ggml.pre", T.string, pre] as Field]),
	["tokenizer.ggml.tokens", T.array, list(T.string, bpeTokens)],
	["tokenizer.ggml.token_type", T.array, list(T.i32, bpeTypes)],
	["tokenizer.ggml.merges", T.array, list(T.string, merges)],
	["tokenizer.ggml.eos_token_id", T.u32, 0],
	["tokenizer.chat_template", T.string, "{{ messages }}"],
];

async function build(fields: Field[]) {
	const files = ggufTokenizer(await readGguf(await fileOf(gguf(fields))));
	const tokenizer = Tokenizer.fromString(JSON.stringify(files.tokenizerJson));
	return { files, tokens: async (text: string) => (await tokenizer.encode(text)).getTokens(), tokenizer };
}

describe("a byte-level BPE", () => {
	it("keeps digits apart for smollm and joins them for gpt-2", async () => {
		const smollm = await build(bpeFields("smollm"));
		const gpt2 = await build(bpeFields("gpt-2"));
		expect(await smollm.tokens("abc ab12")).toEqual(["abc", "Ġab", "1", "2"]);
		expect(await gpt2.tokens("abc ab12")).toEqual(["abc", "Ġab", "12"]);
		expect(await (await build(bpeFields(null))).tokens("12")).toEqual(["12"]);
	});

	it("cuts words as Llama 3 and Qwen 2 do", async () => {
		expect(await (await build(bpeFields("llama-bpe"))).tokens("12\n\nab")).toEqual(["12", "ĊĊ", "ab"]);
		expect(await (await build(bpeFields("qwen2"))).tokens("12\n\nab")).toEqual(["1", "2", "ĊĊ", "ab"]);
	});

	it("matches control and user-defined tokens in the text, and decodes what it encoded", async () => {
		const { tokenizer, tokens, files } = await build(bpeFields("smollm"));
		expect(await tokens("a<|end|><tool>b")).toEqual(["a", "<|end|>", "<tool>", "b"]);
		const text = "naïve 日本語 🤗\t12<tool>";
		const ids = (await tokenizer.encode(text)).getIds();
		expect(await tokenizer.decode(ids, true)).toBe(text);
		expect(files).toMatchObject({ chatTemplate: "{{ messages }}", eosTokenIds: [0] });
		expect(files.tokenizerConfig).toMatchObject({ eos_token: "<|end|>", add_bos_token: false });
	});

	it("puts BOS in front when the metadata asks for it", async () => {
		const fields: Field[] = [
			["tokenizer.ggml.bos_token_id", T.u32, 0],
			["tokenizer.ggml.add_bos_token", T.bool, true],
		];
		const { tokens, files } = await build([...bpeFields("gpt-2"), ...fields]);
		expect(await tokens("ab")).toEqual(["<|end|>", "ab"]);
		expect(files.tokenizerConfig).toMatchObject({ bos_token: "<|end|>", add_bos_token: true });
	});
});

/** SentencePiece's rule, straightforwardly: join the neighbours whose union has the best score, leftmost first. */
function sentencePiece(text: string, scores: Map<string, number>): string[] {
	const parts = Array.from(`▁${text.replaceAll(" ", "▁")}`);
	for (;;) {
		let best = -1;
		for (let i = 0; i + 1 < parts.length; i++) {
			const score = scores.get(`${parts[i]}${parts[i + 1]}`) ?? Number.NEGATIVE_INFINITY;
			const leader = best < 0 ? Number.NEGATIVE_INFINITY : (scores.get(`${parts[best]}${parts[best + 1]}`) as number);
			if (score > leader) best = i;
		}
		if (best < 0) break;
		parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
	}
	const byte = (b: number) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`;
	return parts.flatMap((part) => (scores.has(part) ? [part] : [...Buffer.from(part)].map(byte)));
}

const pieces = [
	"▁t",
	"he",
	"▁the",
	"in",
	"an",
	"▁a",
	"er",
	"▁an",
	"th",
	"▁th",
	"en",
	"ing",
	"▁in",
	"n",
	"▁",
	"t",
	"h",
	"e",
	"i",
	"a",
	"r",
	"g",
];
const spTokens = [
	"<unk>",
	"<s>",
	"</s>",
	...Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`),
	...pieces,
];
const spScores = spTokens.map((_, id) => (id < 259 ? 0 : 258 - id));
const spTypes = spTokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1));
const spFields: Field[] = [
	["tokenizer.ggml.model", T.string, "llama"],
	["tokenizer.ggml.tokens", T.array, list(T.string, spTokens)],
	["tokenizer.ggml.scores", T.array, list(T.f32, spScores)],
	["tokenizer.ggml.token_type", T.array, list(T.i32, spTypes)],
	["tokenizer.ggml.bos_token_id", T.u32, 1],
	["tokenizer.ggml.eos_token_id", T.u32, 2],
];

describe("a SentencePiece BPE", () => {
	it("joins as SentencePiece does, with bytes for what it does not know, BOS in front", async () => {
		const { tokens, tokenizer } = await build(spFields);
		const scores = new Map(pieces.map((piece, i) => [piece, -1 - i]));
		for (const text of ["the thing", "an hinter entering", "  a  the", "tether", "ä the🤗", "inthean"]) {
			expect(await tokens(text)).toEqual(["<s>", ...sentencePiece(text, scores)]);
			expect(await tokenizer.decode((await tokenizer.encode(text)).getIds(), true)).toBe(text);
		}
	});

	it("adds no space in front when the metadata says so", async () => {
		const { tokens } = await build([...spFields, ["tokenizer.ggml.add_space_prefix", T.bool, false]]);
		expect(await tokens("the")).toEqual(["<s>", "t", "he"]);
	});
});

describe("a GGUF tokenizer is refused", () => {
	const replace = (key: string, value: Field | null) => [
		...bpeFields("smollm").filter(([name]) => name !== key),
		...(value ? [value] : []),
	];
	it.each<[string, Field[], RegExp]>([
		["without a model", replace("tokenizer.ggml.model", null), /tokenizer\.ggml\.model null/],
		[
			"of another model",
			replace("tokenizer.ggml.model", ["tokenizer.ggml.model", T.string, "bert"]),
			/"bert" is not supported/,
		],
		["with an unknown pre-tokenizer", bpeFields("tekken"), /"tekken" is not supported/],
		["without tokens", replace("tokenizer.ggml.tokens", null), /no tokenizer\.ggml\.tokens/],
		["without merges", replace("tokenizer.ggml.merges", null), /no tokenizer\.ggml\.merges/],
		[
			"with a merge of unknown tokens",
			replace("tokenizer.ggml.merges", ["tokenizer.ggml.merges", T.array, list(T.string, ["x yz"])]),
			/merge 0/,
		],
		[
			"with a merge without a space",
			replace("tokenizer.ggml.merges", ["tokenizer.ggml.merges", T.array, list(T.string, ["ab"])]),
			/merge 0/,
		],
		[
			"with too few types",
			replace("tokenizer.ggml.token_type", ["tokenizer.ggml.token_type", T.array, list(T.i32, [1])]),
			/1 token types/,
		],
		[
			"with a token twice",
			replace("tokenizer.ggml.tokens", [
				"tokenizer.ggml.tokens",
				T.array,
				list(
					T.string,
					bpeTokens.map((t, i) => (i === 9 ? "a" : t)),
				),
			]),
			/"a" twice/,
		],
		[
			"with an end token outside",
			replace("tokenizer.ggml.eos_token_id", ["tokenizer.ggml.eos_token_id", T.u32, 9999]),
			/9999 is outside/,
		],
	])("%s", async (_, fields, message) => {
		await expectFailure(build(fields), "TOKENIZER", message);
	});

	it("when scores are missing", async () => {
		const error = await build(spFields.filter(([key]) => !key.endsWith("scores"))).catch((e: XrightError) => e);
		expect(error).toMatchObject({ code: "TOKENIZER" });
	});
});
