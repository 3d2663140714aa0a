import { resolveConfig } from "../config/resolve.js";
import type { RunConfig, RunConfigInput } from "../config/schema.js";
import { type GenerateOptions, generateText, promptIds } from "./generate.js";
import { findModel, loadModel, type Surroundings } from "./model.js";
import { trainedConfig } from "./trained.js";

export interface AnswerOptions extends Partial<Omit<GenerateOptions, "maxPositions">> {
	prompt: string;
	/** Put the prompt into the model's chat template when it has one; default true. */
	template?: boolean;
	env?: NodeJS.ProcessEnv;
	emit?: Surroundings["emit"];
}

/**
 * The answer of a model to a prompt, in pieces as it grows. The model is a configuration's (with its `adapter.init`),
 * or what the run in a folder trained.
 */
export async function* generate(
	from: RunConfig | RunConfigInput | string,
	options: AnswerOptions,
): AsyncGenerator<string> {
	const { env = process.env, signal = new AbortController().signal, emit = () => {} } = options;
	const around: Surroundings = { env, signal, emit };
	const config =
		typeof from === "string"
			? await trainedConfig(from)
			: await resolveConfig(from, "the configuration", process.cwd(), { data: false });
	const found = await findModel(config, around);
	const { session, info } = await loadModel(config, found, false, around);
	try {
		const { maxNewTokens = 256, temperature = 0, topP = 1, seed = config.seed, template = true } = options;
		const ids = await promptIds(found.tokenizer, options.prompt, template);
		const settings = { maxNewTokens, temperature, topP, seed, maxPositions: info.maxPositions, signal };
		yield* generateText(session, found.tokenizer, ids, settings);
	} finally {
		await session.dispose();
	}
}
