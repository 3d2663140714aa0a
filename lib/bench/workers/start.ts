// The command line as a user runs it: `xright-native run` in a process of its own, from its start to its first step.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { XrightError } from "../../errors.js";
import type { RunEvent, RunSummary } from "../../train/events.js";
import type { Job, Measurement } from "../types.js";
import { answer } from "./answer.js";
import { runConfig } from "./run-config.js";

const cli = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

async function start(job: Job): Promise<Omit<Measurement, "versions">> {
	const folder = await mkdtemp(join(dirname(job.rows), "start-"));
	const config = join(folder, "config.json");
	await writeFile(config, JSON.stringify(runConfig(job, join(folder, "run"))));
	const begun = performance.now();
	const losses: number[] = [];
	let readySeconds = 0;
	let startSeconds = 0;
	let summary: RunSummary | undefined;
	const child = spawn(process.execPath, [cli, "run", config, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
	let errors = "";
	child.stderr.setEncoding("utf8").on("data", (piece: string) => {
		errors += piece;
	});
	for await (const line of createInterface(child.stdout)) {
		const event = JSON.parse(line) as RunEvent | ({ event: "end" } & RunSummary);
		if (event.event === "end") summary = event;
		if (event.event === "start") readySeconds = (performance.now() - begun) / 1000;
		if (event.event !== "step") continue;
		if (losses.length === 0) startSeconds = (performance.now() - begun) / 1000;
		losses.push(event.loss);
	}
	await rm(folder, { recursive: true });
	if (summary === undefined) throw new XrightError("INTERNAL", `xright-native run failed: ${errors.trim()}`);
	return {
		secondsPerStep: summary.seconds / summary.steps,
		rowsPerSecond: (job.batch * summary.steps) / summary.seconds,
		peakBytes: summary.peak_memory_bytes,
		cpu: null,
		startSeconds,
		losses,
		detail: { readySeconds },
	};
}

await answer(start);
