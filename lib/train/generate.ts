import { XrightError } from "../errors.js";
import type { NativeSession } from "../native/binding.js";

/** Tokens between two pieces of streamed text. */
const chunk = 8;

export interface GenerateOptions {
	maxNewTokens: number;
	/** 0 = greedy. */
	temperature: number;
	topP: number;
	seed: number;
	/** Ids that end the answer; not part of the text. */
	stop: number[];
	/** Longest sequence the model allows, prompt included. */
	maxPositions: number;
	signal?: AbortSignal;
}

export interface Decoder {
	decode(ids: number[]): string;
}

/**
 * The answer to a prompt of token ids, in pieces as it grows. Joined, the pieces are the decoded answer without its
 * stop token. Throws DATA when the prompt leaves no room.
 */
export async function* generateText(
	session: Pick<NativeSession, "generate">,
	decoder: Decoder,
	prompt: Int32Array,
	options: GenerateOptions,
): AsyncGenerator<string> {
	const room = Math.min(options.maxNewTokens, options.maxPositions - prompt.length);
	if (room < 1) {
		const text = `the prompt has ${prompt.length} tokens, the model allows ${options.maxPositions} with the answer`;
		throw new XrightError("DATA", text);
	}
	const { temperature, topP, seed, stop, signal } = options;
	const ids: number[] = [];
	let shown = "";
	for (let ended = false; !ended; ) {
		signal?.throwIfAborted();
		const tokens = Math.min(chunk, room - ids.length);
		const start = ids.length === 0 ? prompt : null;
		const produced = await session.generate({ prompt: start, tokens, temperature, topP, seed, stop });
		const stopped = produced.length < tokens || stop.includes(produced.at(-1) ?? -1);
		for (const id of produced) if (!stop.includes(id)) ids.push(id);
		ended = stopped || ids.length >= room;
		const text = settled(decoder.decode(ids), ended);
		if (text.length > shown.length) yield text.slice(shown.length);
		shown = text;
	}
}

/** Text that later tokens cannot change: a character cut between two tokens decodes as U+FFFD and waits. */
function settled(text: string, ended: boolean): string {
	return ended ? text : text.replace(/\ufffd+$/, "");
}

/** The whole answer at once. */
export async function generateAll(...args: Parameters<typeof generateText>): Promise<string> {
	let text = "";
	for await (const piece of generateText(...args)) text += piece;
	return text;
}
