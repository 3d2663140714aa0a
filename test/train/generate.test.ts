import { describe, expect, test } from "vitest";
import type { GenerateSpec } from "../../lib/native/binding.js";
import { IncrementalDecoder } from "../../lib/tokenizer/stream-decoder.js";
import { generateAll, generateText } from "../../lib/train/generate.js";

const bytes = (text: string) => [...Buffer.from(text)];
/** A tokenizer whose ids are bytes; 0 ends an answer. */
const tokenizer = {
	stopIds: [0],
	streamDecoder: () => new IncrementalDecoder(async (ids) => Buffer.from(ids).toString()),
};
const options = { maxNewTokens: 100, temperature: 0, topP: 1, seed: 1, maxPositions: 1000 };

/** Follows the contract of `NativeSession.generate` over a fixed answer. */
function session(answer: number[]) {
	let at = 0;
	const calls: GenerateSpec[] = [];
	return {
		calls,
		async generate(spec: GenerateSpec) {
			calls.push(spec);
			if (spec.prompt !== null) at = 0;
			const produced: number[] = [];
			while (
				produced.length < spec.tokens &&
				at < answer.length &&
				(at === 0 || !spec.stop.includes(answer[at - 1]!))
			) {
				produced.push(answer[at++]!);
			}
			return Int32Array.from(produced);
		},
	};
}

const prompt = Int32Array.of(5, 6, 7);

describe("streamed text", () => {
	test.each(["short", "exactly8", "a longer answer than one call gives", "ünï©ödé 🙂🙂🙂 ← cut between calls", ""])(
		"%j",
		async (text) => {
			const pieces: string[] = [];
			for await (const piece of generateText(session([...bytes(text), 0]), tokenizer, prompt, options))
				pieces.push(piece);
			expect(pieces.join("")).toBe(text);
			expect(pieces.every((piece) => piece !== "" && !piece.includes("\ufffd"))).toBe(true);
		},
	);

	test("the prompt is given once, then the running generation continues", async () => {
		const native = session([...bytes("a longer answer"), 0]);
		await generateAll(native, tokenizer, prompt, options);
		expect(native.calls.map((call) => call.prompt)).toEqual([prompt, null]);
	});
});

test("no more than maxNewTokens, nor than the model has positions", async () => {
	const long = bytes("x".repeat(50));
	expect(await generateAll(session(long), tokenizer, prompt, { ...options, maxNewTokens: 11 })).toHaveLength(11);
	expect(await generateAll(session(long), tokenizer, prompt, { ...options, maxPositions: 12 })).toHaveLength(9);
	await expect(generateAll(session(long), tokenizer, prompt, { ...options, maxPositions: 3 })).rejects.toThrow(
		"the prompt has 3 tokens",
	);
});

test("an empty prompt is refused", async () => {
	await expect(generateAll(session([1]), tokenizer, new Int32Array(0), options)).rejects.toThrow("the prompt is empty");
});

test("an aborted signal ends it", async () => {
	const signal = AbortSignal.abort();
	await expect(generateAll(session([1]), tokenizer, prompt, { ...options, signal })).rejects.toThrow();
});
