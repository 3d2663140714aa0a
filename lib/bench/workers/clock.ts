import { performance } from "node:perf_hooks";

/** Times steps after the first one, which pays for everything that is done once. */
export class Clock {
	readonly losses: number[] = [];
	#startSeconds = 0;
	#started = 0;
	#cpu = process.cpuUsage();
	#steps = 0;

	stepDone(loss: number): void {
		this.losses.push(loss);
		if (this.losses.length > 1) {
			this.#steps++;
			return;
		}
		this.#startSeconds = (Date.now() - performance.timeOrigin) / 1000;
		this.#cpu = process.cpuUsage();
		this.#started = performance.now();
	}

	/** Call right after the last step. */
	measure(rowsPerStep: number) {
		const seconds = (performance.now() - this.#started) / 1000;
		const { user, system } = process.cpuUsage(this.#cpu);
		return {
			secondsPerStep: seconds / this.#steps,
			rowsPerSecond: (this.#steps * rowsPerStep) / seconds,
			// maxRSS is in kibibytes.
			peakBytes: process.resourceUsage().maxRSS * 1024,
			cpu: (user + system) / 1e6 / seconds,
			startSeconds: this.#startSeconds,
			losses: this.losses,
		};
	}
}
