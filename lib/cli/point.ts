// The process of one point of a sweep (lib/sweep/point-process.ts starts it and talks over Node's message channel).
import type { RunConfig } from "../config/schema.js";
import { XrightError } from "../errors.js";
import type { FromPoint } from "../sweep/point-process.js";
import type { PointError, ToPoint } from "../sweep/types.js";
import { run } from "../train/run.js";
import { withSignals } from "./signals.js";

const stop = new AbortController();
const config = await new Promise<RunConfig>((resolve) => {
	process.on("message", (message: ToPoint) => {
		if (message === "stop") stop.abort();
		else resolve(message.config);
	});
	// The sweep was killed: save, so that it can be continued.
	process.on("disconnect", () => stop.abort());
});

process.exitCode = await withSignals(
	async (signal) => {
		const last = await trainedBy(AbortSignal.any([signal, stop.signal]));
		await send(last);
		return "summary" in last ? 0 : 1;
	},
	() => {},
);
if (process.connected) process.disconnect();

async function trainedBy(signal: AbortSignal): Promise<FromPoint> {
	try {
		const job = run(config, { signal, resume: true });
		for await (const event of job) void send({ event });
		return { summary: await job.result };
	} catch (error) {
		return { error: describe(error) };
	}
}

function describe(error: unknown): PointError {
	if (error instanceof XrightError) {
		const { code, message, hint, detail } = error;
		return { code, message, hint, detail };
	}
	return { code: "INTERNAL", message: `internal error: ${error instanceof Error ? error.message : String(error)}` };
}

function send(message: FromPoint): Promise<void> {
	return new Promise((resolve) => {
		if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
		else resolve();
	});
}
