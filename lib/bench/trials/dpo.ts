import {
	memory,
	OURS,
	OURS_CACHED,
	ours,
	ratio,
	speed,
	TRL,
	TRL_FAST,
	torchLoop,
	trl,
	trlFast,
} from "../contenders.js";
import type { Trial } from "../types.js";

export const dpo: Trial = {
	name: "dpo",
	title: "DPO, LoRA r16 on q_proj and v_proj",
	model: "smollm2-135m",
	job: { objective: "dpo" },
	contenders: [trl(), trlFast(), torchLoop(), ours(), ours(OURS_CACHED, { cachedReference: true })],
	bars: [
		{
			text: "speed over TRL's defaults, both compute the reference",
			value: ratio(speed, OURS, TRL),
			unit: "×",
			atLeast: 20,
			stretch: 35,
		},
		{
			text: "speed over TRL's best settings, both with cached reference",
			value: ratio(speed, OURS_CACHED, TRL_FAST),
			unit: "×",
			atLeast: 15,
		},
		{ text: "peak memory against TRL's defaults", value: ratio(memory, OURS, TRL), unit: "×", atMost: 1 / 6 },
	],
};
