import { ours, trl, trlFast } from "../contenders.js";
import type { Trial } from "../types.js";

export const orpo: Trial = {
	name: "orpo",
	title: "ORPO, LoRA r16 on q_proj and v_proj",
	model: "smollm2-135m",
	job: { objective: "orpo" },
	contenders: [trl(), trlFast(), ours()],
	bars: [],
};
