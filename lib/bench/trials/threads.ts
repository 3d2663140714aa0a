import { ours, ratio, speed } from "../contenders.js";
import type { Trial } from "../types.js";

export const threads: Trial = {
	name: "threads",
	title: "DPO, LoRA, on one thread and on two",
	model: "smollm2-135m",
	job: { objective: "dpo" },
	contenders: [ours("one thread", { threads: 1 }), ours("two threads", { threads: 2 })],
	bars: [{ text: "two threads over one", value: ratio(speed, "two threads", "one thread"), unit: "×", atLeast: 1.7 }],
};
