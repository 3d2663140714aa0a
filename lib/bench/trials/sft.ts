import { OURS, ours, ratio, speed, TRL, TRL_FAST, torchLoop, trl, trlFast } from "../contenders.js";
import type { Trial } from "../types.js";

export const sft: Trial = {
	name: "sft",
	title: "SFT, LoRA r16 on q_proj and v_proj",
	model: "smollm2-135m",
	job: { objective: "sft" },
	contenders: [trl(), trlFast(), torchLoop(), ours()],
	bars: [
		{ text: "speed over TRL's defaults", value: ratio(speed, OURS, TRL), unit: "×", atLeast: 10, stretch: 16 },
		{
			text: "speed over TRL's best settings",
			value: ratio(speed, OURS, TRL_FAST),
			unit: "×",
			atLeast: 10,
			stretch: 16,
		},
	],
};
