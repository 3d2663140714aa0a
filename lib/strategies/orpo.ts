import { singleObjective } from "./single.js";

/** ORPO alone: the preference objective, whose loss the configuration then sets to "orpo". */
export const orpo = singleObjective("orpo", "preference");
