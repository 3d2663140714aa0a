/** One redrawn line at the bottom of a terminal, with ordinary lines scrolling above it. */
export class StatusLine {
	private readonly stream: NodeJS.WriteStream;
	private current = "";
	private drawnAt = 0;

	constructor(stream: NodeJS.WriteStream) {
		this.stream = stream;
	}

	/** Replaces the status; at most ten times a second. */
	set(text: string): void {
		const now = Date.now();
		if (now - this.drawnAt < 100 && this.current !== "") return;
		this.drawnAt = now;
		this.current = text.slice(0, Math.max(20, (this.stream.columns ?? 80) - 1));
		this.stream.write(`\r\x1b[2K${this.current}`);
	}

	/** Prints a line above the status. */
	line(text: string): void {
		this.stream.write(`${this.current === "" ? "" : "\r\x1b[2K"}${text}\n${this.current}`);
	}

	/** Removes the status. */
	clear(): void {
		if (this.current !== "") this.stream.write("\r\x1b[2K");
		this.current = "";
	}
}
