import { OURS, ours, ratio, speed, TRL, trl } from "../contenders.js";
import type { Trial } from "../types.js";

export const pythia1b: Trial = {
	name: "pythia-1b",
	title: "DPO, LoRA r16 on query_key_value, Pythia-1B's shape",
	model: "pythia-1b",
	job: { objective: "dpo", targets: ["query_key_value"], batch: 2, steps: 1 },
	contenders: [trl(), ours()],
	bars: [{ text: "speed over TRL's defaults", value: ratio(speed, OURS, TRL), unit: "×", atLeast: 8 }],
};
