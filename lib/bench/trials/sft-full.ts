import { llamaCpp, OURS, ours, ratio, speed, TRL, torchLoop, trl, trlFast } from "../contenders.js";
import type { Trial } from "../types.js";

export const sftFull: Trial = {
	name: "sft-full",
	title: "SFT of every weight",
	model: "smollm2-135m",
	job: { objective: "sft", targets: null },
	contenders: [trl(), trlFast(), torchLoop(), llamaCpp(), ours()],
	bars: [{ text: "speed over TRL's defaults", value: ratio(speed, OURS, TRL), unit: "×", atLeast: 6 }],
};
