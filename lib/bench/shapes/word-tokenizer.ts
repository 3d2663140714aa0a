const UNKNOWN = "<unk>";
const END = "<eos>";

/**
 * A tokenizer for models without a meaning: the words and punctuation marks of the texts, a token each, which gives
 * sequences about as long as a real tokenizer does.
 */
export function wordTokenizer(texts: readonly string[], vocabularySize: number) {
	const words = new Set([UNKNOWN, END]);
	for (const text of texts) for (const [word] of text.matchAll(/\w+|[^\w\s]+/gu)) words.add(word);
	const vocabulary = [...words].slice(0, vocabularySize);
	const special = [UNKNOWN, END].map((content, id) => {
		return { id, content, special: true, normalized: false, single_word: false, lstrip: false, rstrip: false };
	});
	const tokenizerJson = {
		version: "1.0",
		truncation: null,
		padding: null,
		added_tokens: special,
		normalizer: null,
		pre_tokenizer: { type: "Whitespace" },
		post_processor: null,
		decoder: null,
		model: {
			type: "WordLevel",
			vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
			unk_token: UNKNOWN,
		},
	};
	const tokenizerConfig = {
		tokenizer_class: "PreTrainedTokenizerFast",
		unk_token: UNKNOWN,
		eos_token: END,
		pad_token: END,
		model_max_length: 1024,
	};
	return { tokenizerJson, tokenizerConfig, eosId: vocabulary.indexOf(END) };
}
