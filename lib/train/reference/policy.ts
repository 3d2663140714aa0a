import { XrightError } from "../../errors.js";
import type { NativeSession } from "../../native/binding.js";
import { allRows, type MicroBatch, streamMicroBatches } from "../batches.js";
import { checkInterrupted, type RowSet, type TrainContext } from "../context.js";
import { objectiveNames } from "../objectives.js";
import type { ReferenceLogps } from "./logps.js";

/** The policy that preference losses compare with; fixed within a stage. */
export interface ReferencePolicy {
	/** Makes sure all rows of the micro-batch are known. */
	fill(logps: ReferenceLogps, microBatch: MicroBatch): Promise<void>;
	/** Prepares the step's stage, before the step. */
	beginStage(context: TrainContext, step: number): Promise<void>;
}

/** A model or adapter of its own: every row the run can need was scored before it began. */
export class GivenReference implements ReferencePolicy {
	async fill(logps: ReferenceLogps, microBatch: MicroBatch): Promise<void> {
		const missing = microBatch.rows.find((row) => !logps.has(row));
		if (missing === undefined) return;
		throw new XrightError("INTERNAL", `row ${missing} was not scored under the reference policy`);
	}

	async beginStage(): Promise<void> {}
}

/**
 * What the run starts from; at a stage boundary, what it is then. A session that keeps no copy of it (full-parameter
 * training) can score only while the policy still is the reference: then all is scored ahead of the first update.
 */
export class OwnReference implements ReferencePolicy {
	readonly #session: NativeSession;
	readonly #keepsCopy: boolean;

	constructor(session: NativeSession, keepsCopy: boolean) {
		this.#session = session;
		this.#keepsCopy = keepsCopy;
	}

	/** One forward pass, packed as in training, if a row is not known. */
	async fill(logps: ReferenceLogps, microBatch: MicroBatch): Promise<void> {
		if (microBatch.rows.every((row) => logps.has(row))) return;
		const scored = await this.#session.score(microBatch.batch, this.#keepsCopy ? "reference" : "current");
		await logps.learn(microBatch.rows, scored.logps);
	}

	async beginStage(context: TrainContext, step: number): Promise<void> {
		const boundary = context.strategy.startsStage?.(step) ?? false;
		if (!boundary && step > 1) return;
		if (boundary) {
			if (this.#keepsCopy) await this.#session.snapshotReference();
			for (const set of [...Object.values(context.train), ...Object.values(context.heldOut)]) set.reference?.clear();
			context.emit({ event: "info", message: `step ${step}: the policy so far is the reference policy from here on` });
		}
		if (!this.#keepsCopy) await this.#scoreAhead(context, step);
	}

	async #scoreAhead(context: TrainContext, step: number): Promise<void> {
		const trained = context.strategy.stageObjectives?.(step) ?? context.strategy.objectives;
		const left = context.steps - step + 1;
		const work: [ReferenceLogps, RowSet, number[]][] = [];
		for (const objective of objectiveNames) {
			const heldOut = context.heldOut[objective];
			if (heldOut?.reference) work.push([heldOut.reference, heldOut, allRows(heldOut.dataset.length)]);
			const train = trained.includes(objective) ? context.train[objective] : undefined;
			if (!train?.reference) continue;
			work.push([train.reference, train, train.sampler.upcoming(left * context.config.train.batch[objective])]);
		}
		const total = work.reduce((sum, [, , rows]) => sum + rows.length, 0);
		let done = 0;
		for (const [logps, { dataset }, rows] of work) {
			for (const microBatch of streamMicroBatches(dataset, rows, context.config.train.microBatchTokens)) {
				await this.fill(logps, microBatch);
				done += microBatch.rows.length;
				context.emit({ event: "progress", phase: "reference log-probs", done, total, unit: "rows" });
				checkInterrupted(context);
			}
		}
	}
}
