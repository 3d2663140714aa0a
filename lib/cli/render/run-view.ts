import type { EvalEvent, ProgressEvent, RunEvent, StartEvent, StepEvent } from "../../train/events.js";
import { bytes, duration, loss, short } from "./format.js";
import { paint } from "./paint.js";
import { StatusLine } from "./status-line.js";

/** Weight of the newest step in the smoothed losses and speed of the status line. */
const smoothing = 0.1;
/** Without a terminal a run prints at most about so many lines for its steps. */
const plainLines = 40;
const barWidth = 16;

/** Shows a run's events on stderr: one redrawn line on a terminal, plain lines elsewhere. */
export class RunView {
	private readonly stream: NodeJS.WriteStream;
	private readonly status: StatusLine | null;
	private readonly losses = new Map<string, number>();
	private start: StartEvent | null = null;
	private secondsPerStep = 0;
	private tokensPerSecond = 0;
	private phase = "";

	constructor(stream: NodeJS.WriteStream = process.stderr) {
		this.stream = stream;
		this.status = stream.isTTY && !process.env.CI ? new StatusLine(stream) : null;
	}

	show(event: RunEvent): void {
		this.handlers[event.event]?.(event as never);
	}

	/** Ends the redrawn line. */
	close(): void {
		this.status?.clear();
	}

	line(text: string): void {
		if (this.status === null) this.stream.write(`${text}\n`);
		else this.status.line(text);
	}

	private readonly handlers: { [E in RunEvent["event"]]: (event: RunEvent & { event: E }) => void } = {
		start: (event) => {
			this.start = event;
			for (const text of planLines(event)) this.line(text);
		},
		step: (event) => this.step(event),
		eval: (event) => this.line(evalLine(event)),
		checkpoint: (event) => this.line(paint("dim", `checkpoint ${event.path}`)),
		progress: (event) => this.progress(event),
		info: (event) => this.line(event.message),
		warning: (event) => this.line(`${paint("yellow", "warning:")} ${event.message}`),
	};

	private step(event: StepEvent): void {
		this.losses.set(event.objective, mixed(this.losses.get(event.objective), event.loss));
		this.secondsPerStep = mixed(this.secondsPerStep || undefined, event.seconds);
		this.tokensPerSecond = mixed(this.tokensPerSecond || undefined, event.tokens / Math.max(event.seconds, 1e-9));
		const steps = this.start?.steps ?? event.step;
		const text = this.stepText(event, steps);
		if (this.status !== null) this.status.set(text);
		else if (event.step % Math.ceil(steps / plainLines) === 0 || event.step === steps) this.line(text);
	}

	private stepText(event: StepEvent, steps: number): string {
		const losses = [...this.losses].map(([name, value]) => `${name} ${loss(value)}`).join("  ");
		const left = duration(this.secondsPerStep * (steps - event.step));
		const speed = `${short(this.tokensPerSecond)} tok/s`;
		return `step ${event.step}/${steps}  ${this.bar(event.step / steps)}trains ${event.objective}  ${losses}  ${speed}  ETA ${left}`;
	}

	private bar(share: number): string {
		if (this.status === null) return "";
		const filled = Math.round(barWidth * Math.min(1, Math.max(0, share)));
		return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}  `;
	}

	/** A redrawn line, or without a terminal one line where a phase begins. */
	private progress(event: ProgressEvent): void {
		const amount = event.unit === "bytes" ? bytes : short;
		const total = `${amount(event.total)}${event.unit === "bytes" ? "" : ` ${event.unit}`}`;
		if (this.status !== null) {
			this.status.set(
				`${event.phase}  ${this.bar(event.done / Math.max(1, event.total))}${amount(event.done)} of ${total}`,
			);
			if (event.done >= event.total) this.status.clear();
		} else if (this.phase !== event.phase) {
			this.line(`${event.phase}: ${total}`);
		}
		this.phase = event.done >= event.total ? "" : event.phase;
	}
}

function mixed(old: number | undefined, value: number): number {
	return old === undefined ? value : old + smoothing * (value - old);
}

function planLines(event: StartEvent): string[] {
	const { model, rows } = event;
	const data = [
		rows.preference > 0 ? `${rows.preference} preference rows` : "",
		rows.sft > 0 ? `${rows.sft} SFT rows` : "",
	];
	const resumed = event.resumedFrom > 0 ? `, continuing after step ${event.resumedFrom}` : "";
	const trained = `${short(model.trainable)} of ${short(model.parameters)} parameters`;
	const machine = `${model.device}${model.device === "cpu" ? ` (${model.isa}, ${model.threads} threads)` : ""}`;
	return [
		`${paint("bold", event.strategy)}: ${event.steps} steps on ${data.filter(Boolean).join(" and ")}${resumed}`,
		`trains ${trained} on ${machine}; writes to ${event.output}`,
	];
}

function evalLine(event: EvalEvent): string {
	const losses = Object.keys(event).filter((name) => typeof event[`gap/${name}`] === "number");
	const parts = losses.map((name) => `${name} ${loss(event[name])} (gap ${loss(event[`gap/${name}`])})`);
	return `${paint("cyan", "held-out")} after step ${event.step}: ${parts.join("  ")}`;
}
