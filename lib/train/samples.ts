import type { RunConfig } from "../config/schema.js";
import type { ModelInfo, NativeSession } from "../native/binding.js";
import type { Tokenizer } from "../tokenizer/types.js";
import { checkInterrupted, type TrainContext } from "./context.js";
import { generateAll, promptIds } from "./generate.js";

/** Greedy answers to `evaluation.prompts` under the policy as it is now. */
export async function answerPrompts(
	context: Pick<TrainContext, "signal" | "emit">,
	session: NativeSession,
	tokenizer: Tokenizer,
	info: ModelInfo,
	config: RunConfig,
): Promise<string[]> {
	const { prompts, maxNewTokens } = config.evaluation;
	const { maxPositions } = info;
	const answers: string[] = [];
	for (const prompt of prompts) {
		checkInterrupted(context);
		const ids = await promptIds(tokenizer, prompt, true);
		const settings = { maxNewTokens, temperature: 0, topP: 1, seed: config.seed, maxPositions };
		answers.push(await generateAll(session, tokenizer, ids, settings));
		const progress = { phase: "sample answers", done: answers.length, total: prompts.length, unit: "rows" } as const;
		context.emit({ event: "progress", ...progress });
	}
	return answers;
}
