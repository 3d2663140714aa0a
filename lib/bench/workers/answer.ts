import { readFileSync } from "node:fs";
import type { Job, Measurement } from "../types.js";

/** Takes the job from the command line, and sends the measurement to the process that asked for it. */
export async function answer(work: (job: Job) => Promise<Omit<Measurement, "versions">>): Promise<void> {
	const job = JSON.parse(process.argv[2] as string) as Job;
	const measurement = await work(job);
	const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
	const { version } = JSON.parse(manifest) as { version: string };
	process.send?.({ ...measurement, versions: { "xright-native": version, node: process.version } });
}
