import type { FrontPoint, RunConfig } from "../config/schema.js";
import type { Objective } from "../data/types.js";
import type { Strategy } from "../strategies/types.js";
import { traitsOf } from "./objectives.js";
import type { Optima } from "./optima/types.js";

/** Why and after which step a run ended before its last one. */
export interface Stopped {
	reason: string;
	step: number;
}

/** Names of a front point's losses. */
const pointNames: Record<Objective, keyof FrontPoint> = { preference: "dpo", sft: "sft" };

/** Whether the strategy trains several objectives in the same stage; only then is there a front to reach. */
export function isJoint({ objectives, stageObjectives }: Strategy): boolean {
	return objectives.length > 1 && stageObjectives === undefined;
}

/**
 * Why held-out losses end the run: one is within ε of its optimum, or all are within ε of a front point or below it
 * (the rule of the paper's code, which looks at training rows). null while none of that is so.
 */
export function stopReason(
	config: RunConfig,
	strategy: Strategy,
	optima: Optima,
	results: Record<string, number>,
): string | null {
	const { stop } = config;
	if (stop === null || !isJoint(strategy)) return null;
	const near = (objective: Objective, goal: number) => {
		const loss = results[traitsOf(config, objective, "evaluation").metric];
		return loss !== undefined && loss <= goal + stop.epsilon;
	};
	for (const objective of strategy.objectives) {
		const optimum = optima[objective]?.heldOut;
		if (optimum !== undefined && near(objective, optimum)) return `${objective} reached its optimum ${optimum}`;
	}
	// A file's points were read when the configuration was resolved.
	const front = typeof stop.referenceFront === "string" ? [] : (stop.referenceFront ?? []);
	const point = front.find((candidate) =>
		strategy.objectives.every((objective) => near(objective, candidate[pointNames[objective]])),
	);
	return point ? `the front point dpo ${point.dpo}, sft ${point.sft} was reached` : null;
}
