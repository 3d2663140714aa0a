/** Events that only say how far something is: of these the oldest is dropped when the reader is far behind. */
const replaceable = new Set(["step", "progress"]);

/**
 * Hands events to one reader. The writer never waits: beyond `capacity` unread events the oldest step or progress
 * event makes room (metrics.jsonl has every step); all others are kept.
 */
export class EventQueue<Event extends { event: string }> implements AsyncIterable<Event> {
	readonly #capacity: number;
	#events: Event[] = [];
	#wake: (() => void) | null = null;
	#ended = false;
	#error: unknown;

	constructor(capacity = 1024) {
		this.#capacity = capacity;
	}

	push(event: Event): void {
		if (this.#ended) return;
		this.#events.push(event);
		if (this.#events.length > this.#capacity) {
			const oldest = this.#events.findIndex((kept) => replaceable.has(kept.event));
			if (oldest >= 0) this.#events.splice(oldest, 1);
		}
		this.#notify();
	}

	/** No more events; the reader sees those left, then the end, or `error` when one is given. */
	end(error?: unknown): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#error = error;
		this.#notify();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
		for (;;) {
			const event = this.#events.shift();
			if (event) yield event;
			else if (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
			else if (this.#error !== undefined) throw this.#error;
			else return;
		}
	}

	#notify(): void {
		this.#wake?.();
		this.#wake = null;
	}
}
