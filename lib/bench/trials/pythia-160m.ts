import { OURS, OURS_CACHED, ours, ratio, speed, TRL, trl, trlFast } from "../contenders.js";
import type { Trial } from "../types.js";

export const pythia160m: Trial = {
	name: "pythia-160m",
	title: "DPO, LoRA r16 on query_key_value, Pythia-160M's shape",
	model: "pythia-160m",
	job: { objective: "dpo", targets: ["query_key_value"] },
	contenders: [trl(), trlFast(), ours(), ours(OURS_CACHED, { cachedReference: true })],
	bars: [{ text: "speed over TRL's defaults", value: ratio(speed, OURS, TRL), unit: "×", atLeast: 12 }],
};
