import { readFileSync } from "node:fs";
import { XrightError } from "../../errors.js";
import type { Job, Measurement } from "../types.js";

/** What a worker sends to the process that started it. */
export type Answer =
	| { measurement: Measurement }
	| { error: Pick<XrightError, "code" | "message" | "hint" | "detail"> };

/** Takes the job from the command line and sends the measurement, or why there is none. */
export async function answer(work: (job: Job) => Promise<Omit<Measurement, "versions">>): Promise<void> {
	const job = JSON.parse(process.argv[2] as string) as Job;
	const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
	const { version } = JSON.parse(manifest) as { version: string };
	try {
		const versions = { "xright-native": version, node: process.version };
		send({ measurement: { ...(await work(job)), versions } });
	} catch (error) {
		if (!(error instanceof XrightError)) throw error;
		const { code, message, hint, detail } = error;
		send({ error: { code, message, hint, detail } });
	}
}

function send(message: Answer): void {
	process.send?.(message);
}
