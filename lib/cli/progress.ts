import type { FetchProgress } from "../native/libtorch/fetch.js";
import { bytes, duration } from "./render/format.js";
import { paint } from "./render/paint.js";
import { StatusLine } from "./render/status-line.js";

const barWidth = 24;
/** Off a terminal: a line at most this often, in milliseconds. */
const lineInterval = 10_000;

const verbs = { wait: "waiting for", download: "downloading", check: "checking", unpack: "unpacking" } as const;

/** Shows a download or unpacking: a redrawn bar on a terminal, a plain line now and then elsewhere. */
export class ProgressLine {
	private readonly stream: NodeJS.WriteStream;
	private readonly status: StatusLine;
	private phase = "";
	private startedAt = 0;
	private startBytes = 0;
	private printedAt = 0;

	constructor(stream: NodeJS.WriteStream) {
		this.stream = stream;
		this.status = new StatusLine(stream);
	}

	show(progress: FetchProgress): void {
		const now = Date.now();
		const isNew = this.phase !== progress.phase;
		if (isNew) {
			this.phase = progress.phase;
			this.startedAt = now;
			this.startBytes = progress.bytes;
		}
		if (this.stream.isTTY) this.status.set(this.text(progress, now, true));
		else if (isNew || now - this.printedAt >= lineInterval) {
			this.printedAt = now;
			this.stream.write(`${this.text(progress, now, false)}\n`);
		}
	}

	/** Removes the bar. */
	end(): void {
		if (this.stream.isTTY) this.status.clear();
	}

	private text({ phase, what, bytes: done, total }: FetchProgress, now: number, bar: boolean): string {
		const parts = [`${verbs[phase]} ${what}`];
		if (total !== null) {
			const part = total === 0 ? 1 : Math.min(1, done / total);
			const filled = Math.round(part * barWidth);
			if (bar) parts.unshift(`[${"█".repeat(filled)}${"░".repeat(barWidth - filled)}]`);
			parts.push(`${Math.floor(part * 100)} %`, `${bytes(done)} of ${bytes(total)}`);
		} else if (done > 0) parts.push(bytes(done));
		const seconds = (now - this.startedAt) / 1000;
		const speed = (done - this.startBytes) / seconds;
		if (phase === "download" && seconds > 1 && speed > 0) {
			parts.push(`${bytes(speed)}/s`);
			if (total !== null) parts.push(`${duration((total - done) / speed)} left`);
		}
		const [first = "", ...rest] = parts;
		return [bar ? first : paint("dim", first, this.stream), ...rest].join("  ");
	}
}
