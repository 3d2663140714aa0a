import type { RunEvent } from "./events.js";
import type { Surroundings } from "./model.js";
import { EventQueue } from "./queue.js";

/** A running job: iterate over its events, await its result. Leaving an `await using` block stops it. */
export interface Job<Result, Event = RunEvent> extends AsyncIterable<Event>, AsyncDisposable {
	/** Rejects with an XrightError; ABORTED when the job was stopped before it had anything to show. */
	readonly result: Promise<Result>;
}

export interface JobOptions {
	signal?: AbortSignal;
	env?: NodeJS.ProcessEnv;
}

/** What outside its configuration a job works with, and where its events go. */
export interface JobSurroundings<Event> extends Omit<Surroundings, "emit"> {
	emit(event: Event): void;
}

/** Runs work that emits events as a job. */
export function startJob<Result, Event extends { event: string } = RunEvent>(
	{ signal: outer, env = process.env }: JobOptions,
	work: (around: JobSurroundings<Event>) => Promise<Result>,
): Job<Result, Event> {
	const queue = new EventQueue<Event>();
	const stop = new AbortController();
	const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
	const result = work({ env, signal, emit: (event) => queue.push(event) });
	// The reader of the events gets the error too; a caller who only reads must not meet an unhandled rejection.
	const settled = result.then(
		() => queue.end(),
		(error: unknown) => queue.end(error),
	);
	return {
		result,
		[Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
		async [Symbol.asyncDispose]() {
			stop.abort();
			await settled;
		},
	};
}
