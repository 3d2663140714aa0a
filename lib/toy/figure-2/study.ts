import type { ToyReport } from "../types.js";
import { figure2Charts } from "./charts.js";
import { runFigure2 } from "./run.js";
import { figure2Tables } from "./tables.js";

export function study(seeds: readonly number[]): ToyReport {
	const result = runFigure2(seeds);
	return { result, tables: figure2Tables(result), charts: () => figure2Charts(result) };
}
