import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { XrightError } from "../errors.js";
import { writeError } from "../train/durable.js";
import type { RunSummary } from "../train/events.js";
import type { JobSurroundings } from "../train/job.js";
import { acquireLock } from "../train/lock.js";
import { writeReport, writeTables } from "./files.js";
import type { Grid } from "./grid.js";
import { type InspectedPoint, type Inspection, inspectGrid } from "./inspect.js";
import { measuresOf, noMeasures } from "./measures.js";
import { runPoint } from "./point-process.js";
import { sweepResult } from "./result.js";
import type { PointRecord, SweepEvent, SweepResult } from "./types.js";

/** Seconds that a point waits for a run in its folder: that of a sweep that was killed, which is saving. */
const lockPatience = 60;

/** A whole sweep. Throws when no point could start: what is wrong then is wrong with all of them. */
export async function executeSweep(grid: Grid, around: JobSurroundings<SweepEvent>): Promise<SweepResult> {
	const folder = resolve(grid.output);
	await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
		throw writeError(folder, cause);
	});
	const release = await acquireLock(join(folder, ".lock"));
	try {
		const inspection = await inspectGrid(grid, around);
		return await new Execution(folder, inspection, around).run();
	} finally {
		await release();
	}
}

class Execution {
	readonly #folder: string;
	readonly #inspection: Inspection;
	readonly #around: JobSurroundings<SweepEvent>;
	readonly #records: PointRecord[];
	/** Of the completed runs. */
	readonly #summaries: RunSummary[];
	/** Whether a run of this sweep has got as far as its first step. */
	#started = false;

	constructor(folder: string, inspection: Inspection, around: JobSurroundings<SweepEvent>) {
		this.#folder = folder;
		this.#inspection = inspection;
		this.#around = around;
		this.#summaries = inspection.points.flatMap(({ finished }) => finished ?? []);
		this.#records = inspection.points.map((point) =>
			point.finished ? completedRecord(point, point.finished) : record(point, "pending"),
		);
	}

	async run(): Promise<SweepResult> {
		const { points } = this.#inspection;
		const finished = points.filter((point) => point.finished).length;
		this.#around.emit({ event: "sweep", points: points.length, finished, output: this.#folder });
		for (const [index, point] of points.entries()) {
			if (this.#around.signal.aborted) break;
			if (point.finished) continue;
			const place = { point: point.name, index: index + 1, points: points.length };
			this.#around.emit({ event: "point", ...place });
			this.#records[index] = await this.#train(point);
			this.#around.emit({ event: "point-end", ...place, record: this.#records[index] });
			await writeTables(this.#folder, this.#result());
		}
		const result = this.#result();
		await writeReport(this.#folder, result);
		return result;
	}

	#result(): SweepResult {
		return sweepResult(this.#records, this.#inspection, this.#summaries);
	}

	async #train(point: InspectedPoint): Promise<PointRecord> {
		try {
			const summary = await this.#runPatiently(point);
			if (summary.status !== "completed") return record(point, "interrupted");
			this.#summaries.push(summary);
			return completedRecord(point, summary);
		} catch (error) {
			if (!(error instanceof XrightError)) throw error;
			if (error.code === "ABORTED") return record(point, "interrupted");
			if (!this.#started && error.exitCode > 1 && error.code !== "OUT_OF_MEMORY") throw error;
			return failedRecord(point, error);
		}
	}

	async #runPatiently(point: InspectedPoint): Promise<RunSummary> {
		const { env, signal, emit } = this.#around;
		for (let waited = 0; ; waited++) {
			try {
				return await runPoint(point, {
					env,
					signal,
					emit: (event) => {
						if (event.event === "start") this.#started = true;
						emit({ ...event, point: point.name });
					},
				});
			} catch (error) {
				const isLocked = error instanceof XrightError && error.code === "LOCKED";
				if (!isLocked || waited === lockPatience || signal.aborted) throw error;
				if (waited === 0) emit({ event: "info", message: `${error.message}; waiting for it`, point: point.name });
				await delay(1000);
			}
		}
	}
}

function record(point: InspectedPoint, status: PointRecord["status"]): PointRecord {
	const { name, label, lambda, seed, config } = point;
	const folder = join("points", name);
	return { name, label, strategy: config.strategy.name, lambda, seed, status, error: null, folder, ...noMeasures };
}

function failedRecord(point: InspectedPoint, { code, message, hint, detail }: XrightError): PointRecord {
	return { ...record(point, "failed"), error: { code, message, hint, detail } };
}

/** A run is no result when a loss that was measured is not a number. */
function completedRecord(point: InspectedPoint, summary: RunSummary): PointRecord {
	const lost = ["dpo", "sft"].filter((name) => name in summary.final && !Number.isFinite(summary.final[name]));
	if (lost.length === 0) return { ...record(point, "completed"), ...measuresOf(summary) };
	const message = `${point.name}: its held-out ${lost.join(" and ")} loss is not finite`;
	return failedRecord(point, new XrightError("NON_FINITE", message));
}
