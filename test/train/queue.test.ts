import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../lib/train/events.js";
import { EventQueue } from "../../lib/train/queue.js";

const progress = (done: number): RunEvent => ({ event: "progress", phase: "test", done, total: 9, unit: "rows" });
const info = (message: string): RunEvent => ({ event: "info", message });

async function collect(queue: EventQueue<RunEvent>): Promise<RunEvent[]> {
	const events: RunEvent[] = [];
	for await (const event of queue) events.push(event);
	return events;
}

describe("EventQueue", () => {
	it("hands over events in order, before and after the reader starts", async () => {
		const queue = new EventQueue<RunEvent>();
		queue.push(info("a"));
		const read = collect(queue);
		await Promise.resolve();
		queue.push(info("b"));
		queue.end();
		expect(await read).toEqual([info("a"), info("b")]);
	});

	it("drops the oldest progress of a slow reader and nothing else", async () => {
		const queue = new EventQueue<RunEvent>(3);
		for (const event of [info("a"), progress(1), progress(2), info("b"), progress(3), info("c"), info("d")]) {
			queue.push(event);
		}
		queue.end();
		expect(await collect(queue)).toEqual([info("a"), info("b"), info("c"), info("d")]);
	});

	it("throws the error after the events before it", async () => {
		const queue = new EventQueue<RunEvent>();
		queue.push(info("a"));
		queue.end(new Error("broken"));
		const seen: RunEvent[] = [];
		const read = async () => {
			for await (const event of queue) seen.push(event);
		};
		await expect(read()).rejects.toThrow("broken");
		expect(seen).toEqual([info("a")]);
	});

	it("ignores events after the end", async () => {
		const queue = new EventQueue<RunEvent>();
		queue.end();
		queue.push(info("late"));
		expect(await collect(queue)).toEqual([]);
	});
});
