import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trialCharts } from "./charts.js";
import { reportMarkdown, type Section } from "./markdown.js";
import { readResults } from "./store.js";
import { trials } from "./trials/index.js";

/** Writes `report.md` and the charts of every result in a folder. Returns the Markdown. */
export async function writeReport(folder: string): Promise<string> {
	const sections: Section[] = [];
	for (const result of await readResults(folder)) {
		const trial = trials.find(({ name }) => name === result.trial);
		if (!trial) continue;
		const charts = await trialCharts(trial, result);
		for (const { file, svg } of charts) await writeFile(join(folder, file), svg);
		sections.push({ trial, result, charts: charts.map(({ file }) => file) });
	}
	const text = reportMarkdown(sections);
	await writeFile(join(folder, "report.md"), text);
	return text;
}
