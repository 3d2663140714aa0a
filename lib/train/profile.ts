import type { Session } from "../native/session.js";
import type { RunProfile } from "./events.js";

/** Measures a stretch of a session's work. */
export class Profiler {
	readonly #session: Session;
	readonly #started = performance.now();

	private constructor(session: Session) {
		this.#session = session;
	}

	static async start(session: Session): Promise<Profiler> {
		await session.profile(true);
		return new Profiler(session);
	}

	/** Also after the session's signal was aborted. */
	async stop(): Promise<RunProfile> {
		const ops = await this.#session.profile(false, null);
		const seconds = (performance.now() - this.#started) / 1000;
		return { seconds, ops: ops.toSorted((a, b) => b.seconds - a.seconds) };
	}
}
