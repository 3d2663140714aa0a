import type { ToyReport } from "./types.js";

/** The paper's log-linear studies, loaded when run; a new one adds its folder and a line here. */
export const toyStudies: Record<string, () => Promise<{ study(seeds: readonly number[]): ToyReport }>> = {
	"lower-bound": () => import("./lower-bound/study.js"),
	"figure-2": () => import("./figure-2/study.js"),
	rates: () => import("./rates/study.js"),
};
