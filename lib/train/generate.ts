import { XrightError } from "../errors.js";
import type { NativeSession } from "../native/binding.js";
import type { Tokenizer } from "../tokenizer/types.js";

/** Tokens between two pieces of streamed text. */
const chunk = 8;

export interface GenerateOptions {
	maxNewTokens: number;
	/** 0 = greedy. */
	temperature: number;
	topP: number;
	seed: number;
	/** Longest sequence the model allows, prompt included. */
	maxPositions: number;
	signal?: AbortSignal;
}

type Generating = Pick<NativeSession, "generate">;
type Stops = Pick<Tokenizer, "stopIds" | "streamDecoder">;

/** Token ids of a user's question: in the model's chat template when it has one and `chat` is set, else as it is. */
export async function promptIds(tokenizer: Tokenizer, text: string, chat: boolean): Promise<Int32Array> {
	const messages = [{ role: "user", content: text }];
	const written =
		chat && tokenizer.hasChatTemplate ? tokenizer.renderChat(messages, { addGenerationPrompt: true }) : text;
	const ids = await tokenizer.encode(written);
	if (!tokenizer.addBos || tokenizer.bosId === null || ids[0] === tokenizer.bosId) return ids;
	return Int32Array.of(tokenizer.bosId, ...ids);
}

/**
 * The answer to a prompt of token ids, in pieces as it grows; it ends at one of the tokenizer's stop tokens, which is
 * not part of the text. Throws DATA when the prompt is empty or leaves no room.
 */
export async function* generateText(
	session: Generating,
	tokenizer: Stops,
	prompt: Int32Array,
	options: GenerateOptions,
): AsyncGenerator<string> {
	if (prompt.length === 0) throw new XrightError("DATA", "the prompt is empty");
	const room = Math.min(options.maxNewTokens, options.maxPositions - prompt.length);
	if (room < 1) {
		const text = `the prompt has ${prompt.length} tokens; with the answer the model allows ${options.maxPositions}`;
		throw new XrightError("DATA", text, { hint: "Shorten the prompt." });
	}
	const decoder = tokenizer.streamDecoder();
	for await (const ids of generateIds(session, tokenizer.stopIds, prompt, room, options)) {
		let piece = "";
		for (const id of ids) piece += await decoder.push(id);
		if (piece !== "") yield piece;
	}
	const rest = await decoder.flush();
	if (rest !== "") yield rest;
}

/** New ids without the stop token, a few at a time. */
async function* generateIds(
	session: Generating,
	stopIds: readonly number[],
	prompt: Int32Array,
	room: number,
	{ temperature, topP, seed, signal }: GenerateOptions,
): AsyncGenerator<Int32Array> {
	for (let left = room; left > 0; ) {
		signal?.throwIfAborted();
		const tokens = Math.min(chunk, left);
		const start = left === room ? prompt : null;
		const ids = await session.generate({ prompt: start, tokens, temperature, topP, seed, stop: [...stopIds] });
		const stopped = stopIds.includes(ids.at(-1) ?? -1);
		yield stopped ? ids.subarray(0, -1) : ids;
		if (stopped || ids.length < tokens) return;
		left -= tokens;
	}
}

/** The whole answer at once. */
export async function generateAll(...args: Parameters<typeof generateText>): Promise<string> {
	let text = "";
	for await (const piece of generateText(...args)) text += piece;
	return text;
}
