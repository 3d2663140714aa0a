import type { Trial } from "../types.js";
import { dpo } from "./dpo.js";
import { dpoCheckpointing } from "./dpo-checkpointing.js";
import { orpo } from "./orpo.js";
import { pythia1b } from "./pythia-1b.js";
import { pythia160m } from "./pythia-160m.js";
import { scale } from "./scale.js";
import { scaleMemory } from "./scale-memory.js";
import { sft } from "./sft.js";
import { sftFull } from "./sft-full.js";
import { start } from "./start.js";
import { strategies } from "./strategies.js";
import { threads } from "./threads.js";

/** Every trial, in the order of the report. */
export const trials: readonly Trial[] = [
	dpo,
	sft,
	orpo,
	sftFull,
	pythia160m,
	pythia1b,
	dpoCheckpointing,
	threads,
	start,
	strategies,
	scale,
	scaleMemory,
];
