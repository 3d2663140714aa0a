/** What a tokenizer is made from; lib/model fills it from a folder or from GGUF metadata. */
export interface TokenizerSource {
	/** Parsed tokenizer.json. */
	tokenizerJson: Record<string, unknown>;
	/** Parsed tokenizer_config.json, {} when absent. */
	tokenizerConfig: Record<string, unknown>;
	/** Jinja chat template; null when there is none. */
	chatTemplate: string | null;
	/** End-of-sequence ids from config.json or generation_config.json. */
	eosTokenIds: number[];
}

export interface ChatMessage {
	role: string;
	content: string;
}

export interface RenderOptions {
	/** End with the header of an assistant turn, so that an answer can follow. */
	addGenerationPrompt: boolean;
	/** What `strftime_now` in the template calls now. */
	now?: Date;
}

export interface Tokenizer {
	/** Tokens of the vocabulary, added ones included. */
	readonly vocabSize: number;
	/** Beginning-of-sequence id; null when the model has none. */
	readonly bosId: number | null;
	/** Whether the tokenizer's own configuration puts BOS before every text. */
	readonly addBos: boolean;
	readonly eosId: number;
	readonly padId: number | null;
	/** Ids that end a generation: EOS and those of the generation settings. */
	readonly stopIds: readonly number[];
	/** SHA-256 of everything that token ids and rendered chats depend on. */
	readonly fingerprint: string;
	readonly hasChatTemplate: boolean;
	/** Token ids of the text alone, without BOS or EOS. Special tokens written out in the text become their ids. */
	encode(text: string): Promise<Int32Array>;
	encodeBatch(texts: readonly string[]): Promise<Int32Array[]>;
	decode(ids: Iterable<number>, options?: { skipSpecial?: boolean }): Promise<string>;
	/** Turns a running generation into text, a token at a time. */
	streamDecoder(): StreamDecoder;
	/** The messages as the model's chat template writes them; throws ChatTemplateError. */
	renderChat(messages: readonly ChatMessage[], options: RenderOptions): string;
	/** The token that ends an assistant's turn in the chat template when it is a stop token, else EOS. */
	chatEndId(): Promise<number>;
}

export interface StreamDecoder {
	/** Text that became complete with this token; "" while a character is still incomplete. */
	push(id: number): Promise<string>;
	/** What is left, incomplete characters included. */
	flush(): Promise<string>;
}
