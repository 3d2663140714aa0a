const codes = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof codes;

/**
 * Runs `work` with an AbortSignal that the first SIGINT or SIGTERM aborts; the second one
 * ends the process at once, as if unhandled (shells report 130 or 143). Resolves with
 * the work's exit code, or 130/143 when it was stopped. Errors after a stop are the stop's own and are not thrown.
 */
export async function withSignals(work: (signal: AbortSignal) => Promise<number>, notice: () => void): Promise<number> {
	const controller = new AbortController();
	let stoppedBy: StopSignal | null = null;
	const stop = (name: NodeJS.Signals) => {
		const signal = name as StopSignal;
		if (stoppedBy !== null) return dieOf(signal);
		stoppedBy = signal;
		notice();
		controller.abort();
	};
	for (const name of Object.keys(codes)) process.on(name as StopSignal, stop);
	try {
		const code = await work(controller.signal);
		return stoppedBy === null ? code : codes[stoppedBy as StopSignal];
	} catch (error) {
		if (stoppedBy === null || !isAbort(error)) throw error;
		return codes[stoppedBy as StopSignal];
	} finally {
		for (const name of Object.keys(codes)) process.off(name, stop);
	}
}

/** Ends the process by the signal's default action: no destructor runs while native threads are still computing. */
function dieOf(signal: StopSignal): void {
	process.removeAllListeners(signal);
	process.kill(process.pid, signal);
}

function isAbort(error: unknown): boolean {
	const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
	return name === "AbortError" || code === "ABORTED";
}
