import { pythia1b, pythia160m } from "./pythia.js";
import { smollm2 } from "./smollm2.js";
import type { Shape } from "./types.js";

/** Models that trials name: their sizes, to be filled with random weights. */
export const shapes: Readonly<Record<string, Shape>> = {
	"smollm2-135m": smollm2,
	"pythia-160m": pythia160m,
	"pythia-1b": pythia1b,
};
