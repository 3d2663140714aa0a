import { mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "tokenizers";
import { beforeEach, describe, expect, it } from "vitest";
import { fingerprint } from "../../lib/model/fingerprint.js";
import { resolveModel } from "../../lib/model/resolve.js";
import { gguf, list, llamaFields, llamaTensors, T } from "./gguf/build.js";
import { modelFiles, startHub } from "./hub/server.js";
import { expectFailure, failure, float32File, temporary } from "./support.js";

let root: string;
let folder: string;
const put = (name: string, content: unknown) =>
	writeFile(
		join(folder, name),
		Buffer.isBuffer(content) || typeof content === "string" ? content : JSON.stringify(content),
	);

beforeEach(async () => {
	root = await temporary();
	folder = join(root, "tiny-llama");
	await mkdir(folder);
	for (const [name, bytes] of Object.entries(modelFiles())) await put(name, bytes);
});

describe("a folder", () => {
	it("gives config, tensors, tokenizer and generation settings", async () => {
		await put("tokenizer_config.json", { eos_token: "</s>", chat_template: "inline" });
		await put("generation_config.json", { eos_token_id: [2, 7] });
		const model = await resolveModel(folder);
		expect(model).toMatchObject({ source: folder, location: folder, config: { model_type: "llama" } });
		expect(model.weights.files).toEqual([join(folder, "model.safetensors")]);
		expect(model.weights.tensors).toMatchObject([{ name: "model.norm.weight", file: 0, bytes: 16384 }]);
		expect(model.tokenizer).toMatchObject({ chatTemplate: "inline", eosTokenIds: [2, 7] });
		expect(model.generationConfig).toEqual({ eos_token_id: [2, 7] });
	});

	it("prefers chat_template.jinja, and the default of several templates", async () => {
		await put("tokenizer_config.json", {
			chat_template: [
				{ name: "tool_use", template: "tools" },
				{ name: "default", template: "usual" },
			],
		});
		expect((await resolveModel(folder)).tokenizer.chatTemplate).toBe("usual");
		await put("chat_template.jinja", "file");
		expect((await resolveModel(folder)).tokenizer.chatTemplate).toBe("file");
	});

	it("takes EOS from the tokenizer when the configs name none", async () => {
		await put("config.json", { model_type: "llama" });
		await put("tokenizer.json", { added_tokens: [{ id: 5, content: "</s>" }], model: { type: "BPE" } });
		await put("tokenizer_config.json", { eos_token: { content: "</s>" } });
		expect((await resolveModel(folder)).tokenizer.eosTokenIds).toEqual([5]);
	});

	it("can have GPT-2's vocab.json and merges.txt", async () => {
		await rm(join(folder, "tokenizer.json"));
		await put("vocab.json", { a: 0, b: 1, ab: 2, "<|endoftext|>": 3 });
		await put("merges.txt", "#version: 0.2\na b\n");
		const { tokenizerJson } = (await resolveModel(folder)).tokenizer;
		const encoded = await Tokenizer.fromString(JSON.stringify(tokenizerJson)).encode("abba<|endoftext|>");
		expect(encoded.getIds()).toEqual([2, 1, 0, 3]);
		await put("merges.txt", "a b c\n");
		await expectFailure(resolveModel(folder), "TOKENIZER", /merges\.txt:1: "a b c" is not two tokens/);
	});

	it.each<[string, () => Promise<unknown>, string, RegExp]>([
		["config.json is broken", () => put("config.json", "{"), "CONFIG", /config\.json: not valid JSON/],
		["config.json has no model_type", () => put("config.json", {}), "CONFIG", /"model_type" is missing/],
		["config.json is missing", () => rm(join(folder, "config.json")), "CONFIG", /has no config\.json/],
		["the tokenizer is missing", () => rm(join(folder, "tokenizer.json")), "TOKENIZER", /has no tokenizer\.json/],
		["the tokenizer has no model", () => put("tokenizer.json", {}), "TOKENIZER", /"model" is missing/],
		["the weights are missing", () => rm(join(folder, "model.safetensors")), "WEIGHTS", /has no model\.safetensors/],
	])("is refused when %s", async (_, change, code, message) => {
		await change();
		const error = await failure(resolveModel(folder));
		expect(error).toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
	});

	it("with pickles only is refused with the reason", async () => {
		await rm(join(folder, "model.safetensors"));
		await put("pytorch_model.bin", "\x80");
		const error = await failure(resolveModel(folder));
		expect(error.message).toMatch(/pytorch_model\.bin\) are Python pickles/);
		expect(error.hint).toMatch(/can run code/);
	});

	it("that holds an adapter says where adapters go", async () => {
		await rm(join(folder, "config.json"));
		await put("adapter_config.json", {});
		const error = await failure(resolveModel(folder));
		expect(error).toMatchObject({ code: "CONFIG", message: expect.stringMatching(/adapter folder/) });
		expect(error.hint).toMatch(/adapter\.init/);
	});
});

describe("a .gguf file", () => {
	const tokens = Array.from({ length: 20 }, (_, i) => `t${i}`);
	const bytes = gguf(
		[
			...llamaFields,
			["tokenizer.ggml.model", T.string, "gpt2"],
			["tokenizer.ggml.tokens", T.array, list(T.string, tokens)],
			["tokenizer.ggml.merges", T.array, list(T.string, [])],
			["tokenizer.ggml.eos_token_id", T.u32, 3],
		],
		llamaTensors(),
	);

	it("is a whole model, also as the only one in a folder", async () => {
		const path = join(root, "m.gguf");
		await writeFile(path, bytes);
		const model = await resolveModel(path);
		expect(model).toMatchObject({
			location: path,
			generationConfig: { eos_token_id: [3] },
			config: { vocab_size: 20 },
		});
		expect(model.weights.tensors).toHaveLength(20);
		const alone = await temporary();
		await writeFile(join(alone, "m.gguf"), bytes);
		expect((await resolveModel(alone)).fingerprint).toBe(model.fingerprint);
		await writeFile(join(alone, "n.gguf"), bytes);
		await expectFailure(resolveModel(alone), "CONFIG", /holds 2 \.gguf files/);
	});

	it("must be a .gguf file", async () => {
		const error = await failure(resolveModel(join(folder, "model.safetensors")));
		expect(error.hint).toBe(`Give its folder instead: ${folder}`);
	});
});

describe("a name that is not there", () => {
	it("suggests the neighbour on disk or the catalogue's name", async () => {
		const near = await failure(resolveModel(join(root, "tiny-lama")));
		expect(near).toMatchObject({ code: "CONFIG", hint: `Did you mean ${JSON.stringify(folder)}?` });
		const named = await failure(resolveModel("smollm2-135-instruct"));
		expect(named.hint).toBe('Did you mean "smollm2-135m-instruct"?');
		await expectFailure(resolveModel("no such thing"), "CONFIG", /"no such thing" is no folder, no \.gguf file/);
	});

	it("is a hub id when it has one slash, unless a folder has that name", async () => {
		const hub = await startHub(modelFiles());
		const model = await resolveModel("org/name", { env: hub.env(root) });
		expect(model).toMatchObject({ source: "org/name", config: { model_type: "llama" } });
		expect(model.fingerprint).toMatch(/^[0-9a-f]{64}$/);
		await expectFailure(resolveModel("./org/name", { env: hub.env(root) }), "CONFIG", /is no folder/);
	});

	it("may start with ~/", async () => {
		expect((await resolveModel("~/tiny-llama", { env: { HOME: root } })).location).toBe(folder);
	});
});

describe("the fingerprint", () => {
	it("stays when files are copied or touched, changes with config or weights", async () => {
		const first = (await resolveModel(folder)).fingerprint;
		await utimes(join(folder, "model.safetensors"), 1, 1);
		expect((await resolveModel(folder)).fingerprint).toBe(first);
		const weights = float32File({ "model.norm.weight": [4096] });
		weights.writeUInt8(1, weights.length - 1);
		await put("model.safetensors", weights);
		const second = (await resolveModel(folder)).fingerprint;
		await put("config.json", { model_type: "llama", rope_theta: 5 });
		expect(new Set([first, second, (await resolveModel(folder)).fingerprint]).size).toBe(3);
	});

	it("of a hub blob is its name, without reading it", async () => {
		await mkdir(join(root, "blobs"));
		const blob = join(root, "blobs", "a".repeat(64));
		await writeFile(blob, "one");
		await symlink(blob, join(root, "link"));
		const first = await fingerprint({}, "header", [join(root, "link")]);
		await writeFile(blob, "two");
		expect(await fingerprint({}, "header", [join(root, "link")])).toBe(first);
		expect(await fingerprint({}, "other header", [join(root, "link")])).not.toBe(first);
	});
});
