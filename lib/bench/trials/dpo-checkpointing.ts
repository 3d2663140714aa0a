import { OURS, ours } from "../contenders.js";
import type { Trial } from "../types.js";

export const dpoCheckpointing: Trial = {
	name: "dpo-checkpointing",
	title: "DPO, LoRA, with and without gradient checkpointing",
	model: "smollm2-135m",
	job: { objective: "dpo" },
	contenders: [
		ours(),
		ours(`${OURS}, checkpointing`, { gradientCheckpointing: true }),
		ours(`${OURS}, selective checkpointing`, { gradientCheckpointing: "selective" }),
	],
	bars: [],
};
