import type { ToyReport } from "../types.js";
import { ratesCharts } from "./charts.js";
import { runRates } from "./run.js";
import { ratesTables } from "./tables.js";

export function study(seeds: readonly number[]): ToyReport {
	const result = runRates(seeds);
	return { result, tables: ratesTables(result), charts: () => ratesCharts(result) };
}
