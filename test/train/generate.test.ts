import { describe, expect, test } from "vitest";
import type { GenerateSpec } from "../../lib/native/binding.js";
import { generateAll, generateText } from "../../lib/train/generate.js";

const bytes = (text: string) => [...Buffer.from(text)];
const decoder = { decode: (ids: number[]) => Buffer.from(ids).toString() };
const options = { maxNewTokens: 100, temperature: 0, topP: 1, seed: 1, stop: [0], maxPositions: 1000 };

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
			for await (const piece of generateText(session([...bytes(text), 0]), decoder, prompt, options))
				pieces.push(piece);
			expect(pieces.join("")).toBe(text);
			expect(pieces.every((piece) => piece !== "" && !piece.includes("\ufffd"))).toBe(true);
		},
	);

	test("the prompt is given once, then the running generation continues", async () => {
		const native = session([...bytes("a longer answer"), 0]);
		await generateAll(native, decoder, prompt, options);
		expect(native.calls.map((call) => call.prompt)).toEqual([prompt, null]);
	});
});

test("no more than maxNewTokens, nor than the model has positions", async () => {
	const long = bytes("x".repeat(50));
	expect(await generateAll(session(long), decoder, prompt, { ...options, maxNewTokens: 11 })).toHaveLength(11);
	expect(await generateAll(session(long), decoder, prompt, { ...options, maxPositions: 12 })).toHaveLength(9);
	await expect(generateAll(session(long), decoder, prompt, { ...options, maxPositions: 3 })).rejects.toThrow(
		"the prompt has 3 tokens",
	);
});

test("an aborted signal ends it", async () => {
	const signal = AbortSignal.abort();
	await expect(generateAll(session([1]), decoder, prompt, { ...options, signal })).rejects.toThrow();
});
