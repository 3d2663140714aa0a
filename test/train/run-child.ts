import { readFile } from "node:fs/promises";
import { run } from "../../lib/train/run.js";

/** Runs a configuration file and prints the step after each; `resume` continues. */
export default async function runChild(path: string, resume: string): Promise<void> {
	const job = run(JSON.parse(await readFile(path, "utf8")), { resume: resume === "resume" });
	for await (const event of job) {
		if (event.event === "step") process.stdout.write(`step ${event.step};\n`);
		if (event.event === "warning") process.stdout.write(`warning ${event.message}\n`);
	}
	process.stdout.write(`${(await job.result).status}\n`);
}
