import { alpaca } from "./alpaca.js";
import type { Format } from "./format.js";
import { implicitPrompt } from "./implicit-prompt.js";
import { labelledCompletion } from "./labelled-completion.js";
import { labelledMessages } from "./labelled-messages.js";
import { messages } from "./messages.js";
import { preference } from "./preference.js";
import { promptCompletion } from "./prompt-completion.js";
import { questionAnswer } from "./question-answer.js";
import { safeRlhf } from "./safe-rlhf.js";
import { sharegpt } from "./sharegpt.js";
import { transcript } from "./transcript.js";

/** Every data format, in the order they are listed to people. */
export const formats: readonly Format[] = [
	preference,
	implicitPrompt,
	promptCompletion,
	labelledCompletion,
	alpaca,
	messages,
	labelledMessages,
	sharegpt,
	questionAnswer,
	safeRlhf,
	transcript,
];
