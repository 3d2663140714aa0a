import type { RunConfig } from "../config/schema.js";
import type { Objective } from "../data/types.js";
import type { StepEvent } from "./events.js";
import { learningRate } from "./schedule.js";

/** Below this the updates of AdamW, about the learning rate in size, vanish in float32 weights. */
const TINY_RATE = 1e-9;
/** Far below what any loss is used with; DPO's then stays at ln 2 in all its digits that count. */
const TINY_BETA = 1e-5;
/** Preference steps in a row that make a state more than chance. */
const PATIENCE = 20;
/** β·(difference of log-ratios) from which the sigmoid's gradient is below 1e-13. */
const SATURATED_MARGIN = 30;
const SATURATED_LOSS = 1e-3;

/** Settings with which a run of `steps` that trains these objectives cannot learn, each as a warning. */
export function hopeless(config: RunConfig, steps: number, objectives: readonly Objective[]): string[] {
	const { schedule, optimizer } = config.train;
	const warnings: string[] = [];
	let peak = 0;
	for (let step = 1; step <= steps && peak < TINY_RATE; step++) {
		peak = Math.max(peak, learningRate(schedule, optimizer.lr, step, steps));
	}
	if (peak < TINY_RATE) warnings.push(`the learning rate never exceeds ${peak}: nothing will be learned`);
	const { beta } = config.objective.preference;
	if (objectives.includes("preference") && beta < TINY_BETA) {
		warnings.push(`objective.preference.beta is ${beta}: so small that the preference loss may teach nothing`);
	}
	return warnings;
}

/** Watches the preference steps of a run and says, once each, that nothing is learned or nothing is left to learn. */
export class Watch {
	readonly #name: string;
	readonly #warn: (message: string) => void;
	#frozen = 0;
	#saturated = 0;

	/** `name` is the preference objective's in metrics. */
	constructor(name: string, warn: (message: string) => void) {
		this.#name = name;
		this.#warn = warn;
	}

	see(event: StepEvent): void {
		const { "rewards/chosen": chosen, "rewards/rejected": rejected, "rewards/margins": margin } = event;
		if (typeof margin !== "number") return;
		this.#frozen = chosen === 0 && rejected === 0 ? this.#frozen + 1 : 0;
		if (this.#frozen === PATIENCE) {
			this.#warn(
				`for ${PATIENCE} steps the policy has been equal to the reference: nothing is learned from preferences`,
			);
		}
		const loss = event[`loss/${this.#name}`] ?? event.loss;
		const certain = event["rewards/accuracies"] === 1 && (loss as number) < SATURATED_LOSS;
		this.#saturated = certain || Math.abs(margin) > SATURATED_MARGIN ? this.#saturated + 1 : 0;
		if (this.#saturated === PATIENCE) {
			this.#warn(
				`the preference loss is saturated at step ${event.step} (mean margin ${margin.toPrecision(3)}): ${PATIENCE} steps in a row had next to no gradient; a lower beta or learning rate, fewer steps or more pairs help`,
			);
		}
	}
}
