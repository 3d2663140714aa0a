// What a run's steps took, against what Sequential's would for as many batches of each objective. A DPO batch takes longer
// than an SFT batch, so the time of a step alone mostly says how many of each a strategy chose.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Objectives of a step's event. */
const trained = ({ objective }) => (objective === "mix" ? ["dpo", "sft"] : [objective]);

function stepsOf(folder) {
	const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");
	return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "step");
}

/** Of each run by its name; undefined for runs that train what Sequential does not. */
export function timesAtEqualBatches({ points }, output) {
	const completed = points.filter(({ status }) => status === "completed");
	const runs = completed.map((point) => ({ ...point, events: stepsOf(join(output, point.folder)) }));
	const ofSequential = runs.filter(({ strategy }) => strategy === "sequential").flatMap(({ events }) => events);
	const seconds = (objective) =>
		mean(ofSequential.filter((event) => event.objective === objective).map((event) => event.seconds));
	const batch = { dpo: seconds("dpo"), sft: seconds("sft") };
	return runs.map(({ label, lambda, events }) => {
		const expected = events.flatMap(trained).reduce((sum, objective) => sum + batch[objective], 0);
		const ratio = events.reduce((sum, event) => sum + event.seconds, 0) / expected;
		return { label, lambda, ratio };
	});
}
