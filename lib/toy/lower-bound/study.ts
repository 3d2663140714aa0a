import type { ToyStudy } from "../types.js";
import { lowerBoundCharts } from "./charts.js";
import { type LowerBoundResult, runLowerBound } from "./run.js";
import { lowerBoundTables } from "./tables.js";

export const lowerBound: ToyStudy<LowerBoundResult> = {
	name: "lower-bound",
	run: (seeds) => runLowerBound(seeds),
	tables: lowerBoundTables,
	charts: lowerBoundCharts,
};
