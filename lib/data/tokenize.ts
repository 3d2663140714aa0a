import { ChatTemplateError } from "../tokenizer/chat-template.js";
import type { Tokenizer } from "../tokenizer/types.js";
import { BadRow, UnwantedRow } from "./bad-row.js";
import type {
	Example,
	Message,
	PreferenceExample,
	PreferenceRow,
	Row,
	RowKind,
	SftExample,
	SftRow,
	Text,
	UnpairedExample,
	UnpairedRow,
} from "./types.js";

export interface Tokenized<K extends RowKind = RowKind> {
	row: Row<K>;
	/** A response was cut to maxLength and has no EOS. */
	truncated: boolean;
}

/** Reasons of rows that are dropped because of maxLength, not because they are bad. */
export const LOST = "response lost to maxLength";
export const SAME = "chosen and rejected are the same up to maxLength";

/** What `strftime_now` is for training data: fixed, so that the same data always gives the same rows. */
const TEMPLATE_TIME = new Date(2024, 6, 26);

/**
 * Prompt and response are tokenised apart and their ids joined. Throws BadRow when the chat template refuses the
 * messages, UnwantedRow with LOST or SAME when maxLength leaves nothing to learn.
 */
export function tokenizeExample<K extends RowKind>(
	kind: K,
	example: Example<K>,
	tokenizer: Tokenizer,
	maxLength: number,
): Promise<Tokenized<K>> {
	return tokenizers[kind](example as never, tokenizer, maxLength) as unknown as Promise<Tokenized<K>>;
}

const tokenizers = {
	async sft(example: SftExample, tokenizer: Tokenizer, maxLength: number): Promise<Tokenized<"sft">> {
		const prompt = await promptIds(example.prompt, tokenizer);
		const [whole] = await responseIds(example.prompt, [example.response], tokenizer);
		const response = cutResponse(whole as Int32Array, prompt, maxLength);
		const row: SftRow = { prompt, response };
		return { row, truncated: response !== whole };
	},
	async preference(
		example: PreferenceExample,
		tokenizer: Tokenizer,
		maxLength: number,
	): Promise<Tokenized<"preference">> {
		const prompt = await promptIds(example.prompt, tokenizer);
		const whole = await responseIds(example.prompt, [example.chosen, example.rejected], tokenizer);
		const [chosen, rejected] = whole.map((ids) => cutResponse(ids, prompt, maxLength)) as [Int32Array, Int32Array];
		if (equal(chosen, rejected)) throw new UnwantedRow(SAME);
		const row: PreferenceRow = { prompt, chosen, rejected };
		return { row, truncated: chosen !== whole[0] || rejected !== whole[1] };
	},
	/** Without the mismatched response, which comes from another row. */
	async unpaired(example: UnpairedExample, tokenizer: Tokenizer, maxLength: number): Promise<Tokenized<"unpaired">> {
		const { row, truncated } = await tokenizers.sft(example, tokenizer, maxLength);
		const unpaired: UnpairedRow = { ...row, mismatched: new Int32Array(0), desirable: example.desirable };
		return { row: unpaired, truncated };
	},
};

/** A chat template writes its own special tokens; a plain prompt gets BOS when the tokenizer asks for it. */
async function promptIds(prompt: Text, tokenizer: Tokenizer): Promise<Int32Array> {
	if (typeof prompt !== "string") return tokenizer.encode(render(prompt, tokenizer));
	const ids = await tokenizer.encode(prompt);
	return tokenizer.addBos && tokenizer.bosId !== null ? join([tokenizer.bosId], ids) : ids;
}

function render(messages: Message[], tokenizer: Tokenizer): string {
	try {
		return tokenizer.renderChat(messages, { addGenerationPrompt: true, now: TEMPLATE_TIME });
	} catch (error) {
		if (error instanceof ChatTemplateError) throw new BadRow(error.message.slice(0, 200));
		throw error;
	}
}

/** Each response with the token that ends it: the end of the turn in a chat, else EOS. */
async function responseIds(prompt: Text, responses: Text[], tokenizer: Tokenizer): Promise<Int32Array[]> {
	const end = typeof prompt === "string" ? tokenizer.eosId : await tokenizer.chatEndId();
	const texts = responses.map((response) => (typeof response === "string" ? response : lastContent(response)));
	const encoded = await tokenizer.encodeBatch(texts);
	return encoded.map((ids) => (ids.at(-1) === end ? ids : join(ids, [end])));
}

function lastContent(messages: Message[]): string {
	return messages.at(-1)?.content ?? "";
}

/**
 * The response as far as it fits behind the prompt; a cut one has no EOS. At least one of its tokens must be scored,
 * which the first token of a row without a prompt cannot be.
 */
export function cutResponse(response: Int32Array, prompt: Int32Array, maxLength: number): Int32Array {
	const room = maxLength - prompt.length;
	const least = prompt.length > 0 ? 1 : 2;
	if (response.length < least) throw new BadRow("response without tokens");
	if (room < least) throw new UnwantedRow(LOST);
	return response.length > room ? response.slice(0, room) : response;
}

function join(first: ArrayLike<number>, second: ArrayLike<number>): Int32Array {
	const ids = new Int32Array(first.length + second.length);
	ids.set(first);
	ids.set(second, first.length);
	return ids;
}

function equal(a: Int32Array, b: Int32Array): boolean {
	return a.length === b.length && a.every((id, index) => id === b[index]);
}
