import { singleObjective } from "./single.js";

/** Supervised fine-tuning alone. */
export const sft = singleObjective("sft", "sft");
