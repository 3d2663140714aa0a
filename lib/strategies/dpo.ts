import { singleObjective } from "./single.js";

/** Preference optimisation alone. */
export const dpo = singleObjective("dpo", "preference");
