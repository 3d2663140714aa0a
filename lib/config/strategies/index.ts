import { alright } from "./alright.js";
import { dpo } from "./dpo.js";
import { maxright } from "./maxright.js";
import { mix } from "./mix.js";
import { orpo } from "./orpo.js";
import { sequential } from "./sequential.js";
import { sft } from "./sft.js";
import type { StrategyOptions } from "./types.js";

/** Every strategy's configuration; a new one adds its file and a line here. */
export const strategyOptions = [alright, maxright, mix, sequential, sft, dpo, orpo] as const;

export function findStrategyOptions(name: string): StrategyOptions | undefined {
	return strategyOptions.find((options) => options.name === name) as StrategyOptions | undefined;
}
