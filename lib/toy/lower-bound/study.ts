import type { ToyReport } from "../types.js";
import { lowerBoundCharts } from "./charts.js";
import { runLowerBound } from "./run.js";
import { lowerBoundTables } from "./tables.js";

export function study(seeds: readonly number[]): ToyReport {
	const result = runLowerBound(seeds);
	return { result, tables: lowerBoundTables(result), charts: () => lowerBoundCharts(result) };
}
