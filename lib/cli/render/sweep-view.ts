import type { PointEndEvent, PointStartEvent, SweepEvent, SweepStartEvent } from "../../sweep/types.js";
import type { MessageEvent, ProgressEvent, StartEvent, StepEvent } from "../../train/events.js";
import { duration, loss } from "./format.js";
import { paint } from "./paint.js";
import { StatusLine } from "./status-line.js";

/** Shows a sweep's events on stderr: a line for each run, and on a terminal a redrawn one for the running step. */
export class SweepView {
	private readonly stream: NodeJS.WriteStream;
	private readonly status: StatusLine | null;
	private readonly now: () => number;
	private current: PointStartEvent | null = null;
	/** Runs still to do when the sweep started, and those of them that have ended. */
	private toDo = 0;
	private ended = 0;
	private startedAt = 0;
	/** Steps of the running run, done and in all. */
	private steps = { done: 0, total: 1 };

	constructor(stream: NodeJS.WriteStream = process.stderr, now: () => number = () => performance.now()) {
		this.stream = stream;
		this.status = stream.isTTY && !process.env.CI ? new StatusLine(stream) : null;
		this.now = now;
	}

	show(event: SweepEvent): void {
		this.handlers[event.event]?.(event as never);
	}

	close(): void {
		this.status?.clear();
	}

	line(text: string): void {
		if (this.status === null) this.stream.write(`${text}\n`);
		else this.status.line(text);
	}

	private readonly handlers: Partial<Record<SweepEvent["event"], (event: never) => void>> = {
		sweep: ({ points, finished, output }: SweepStartEvent) => {
			this.toDo = points - finished;
			this.startedAt = this.now();
			const kept = finished > 0 ? `, ${finished} of them finished before` : "";
			this.line(`${paint("bold", "sweep")}: ${points} runs${kept}; writes to ${output}`);
		},
		point: (event: PointStartEvent) => {
			this.current = event;
			this.steps = { done: 0, total: 1 };
			this.line(`${placeText(event)} ${event.point}`);
		},
		start: ({ steps, resumedFrom }: StartEvent) => {
			this.steps = { done: resumedFrom, total: steps };
			if (resumedFrom > 0) this.line(`  continues after step ${resumedFrom} of ${steps}`);
		},
		step: (event: StepEvent) => this.step(event),
		progress: ({ phase, done, total }: ProgressEvent) => {
			this.status?.set(`${this.current?.point ?? ""}  ${phase}  ${Math.floor((100 * done) / Math.max(1, total))} %`);
		},
		"point-end": (event: PointEndEvent) => {
			this.ended++;
			this.close();
			this.steps = { done: 0, total: 1 };
			this.line(`  ${endText(event)}${this.timeLeft()}`);
		},
		info: ({ message, point }: MessageEvent & { point?: string }) => {
			if (point === undefined) this.line(message);
		},
		warning: ({ message }: MessageEvent) => this.line(`${paint("yellow", "warning:")} ${message}`),
	};

	private step(event: StepEvent): void {
		this.steps.done = event.step;
		const { done, total } = this.steps;
		if (this.current === null) return;
		const { point } = this.current;
		this.status?.set(
			`${placeText(this.current)} ${point}  step ${done}/${total}  ${event.objective} ${loss(event.loss)}${this.timeLeft()}`,
		);
	}

	/** Time for the runs that are left, if they take as long as those of this sweep so far. */
	private timeLeft(): string {
		const done = this.ended + this.steps.done / this.steps.total;
		const left = this.toDo - done;
		if (done === 0 || left <= 0) return "";
		const seconds = (this.now() - this.startedAt) / 1000;
		return `  ETA ${duration((seconds / done) * left)}`;
	}
}

function placeText({ index, points }: PointStartEvent): string {
	return `[${index}/${points}]`;
}

function endText({ record }: PointEndEvent): string {
	const { status, error, dpo, sft, seconds } = record;
	if (status === "failed") return `${paint("red", "failed")}: ${error?.message}`;
	if (status === "interrupted") return "stopped";
	return `${paint("cyan", "held-out")} dpo ${loss(dpo)}  sft ${loss(sft)}  in ${duration(seconds ?? 0)}`;
}
