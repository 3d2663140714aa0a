import type { Objective } from "../data/types.js";
import { XrightError } from "../errors.js";
import { requirePositiveInteger, requireRows } from "./check.js";
import type { StrategyContext, StrategyFactory } from "./types.js";

const objectives = ["preference", "sft"] as const;

/**
 * One objective first, then the other. With SFT first the SFT stage's result becomes the reference policy; with
 * preference first the reference stays what the run started from.
 */
export const sequential: StrategyFactory = {
	name: "sequential",
	objectives,
	create(context) {
		requireRows("sequential", context, objectives);
		const [first, second] = stageOrder(context.options.order ?? ["sft", "preference"]);
		const boundary = firstStageSteps(context, first, second);
		const stage = (step: number) => (step <= boundary ? first : second);
		return {
			name: "sequential",
			objectives,
			startsStage: (step) => first === "sft" && step === boundary + 1,
			stageObjectives: (step) => [stage(step)],
			plan: () => ({}),
			choose: (step) => ({ train: [{ objective: stage(step), weight: 1 }] }),
			observe() {},
			state: () => ({}),
			restore() {},
		};
	},
};

function stageOrder(order: unknown): [Objective, Objective] {
	const names = Array.isArray(order) ? order : [];
	if (names.length !== 2 || !objectives.every((objective) => names.includes(objective))) {
		throw new XrightError("CONFIG", `strategy.order is ${JSON.stringify(order)}: it must name both objectives once`, {
			hint: 'Write ["sft", "preference"] or ["preference", "sft"].',
		});
	}
	return names as [Objective, Objective];
}

/**
 * Steps of the first stage: given by `options.steps`; else one pass an epoch over its own data when the run is
 * measured in epochs; else half of the run (the larger half when it is odd).
 */
function firstStageSteps(context: StrategyContext, first: Objective, second: Objective): number {
	const { options, epochs, rows, batch, steps } = context;
	if (options.steps !== undefined && options.steps !== null) {
		const given = options.steps as Record<Objective, unknown>;
		const lengths = [first, second].map((objective) =>
			requirePositiveInteger(`strategy.steps.${objective}`, given[objective]),
		) as [number, number];
		if (lengths[0] + lengths[1] !== steps) {
			throw new XrightError("CONFIG", `strategy.steps add up to ${lengths[0] + lengths[1]}, train.steps is ${steps}`, {
				hint: "Leave train.steps out when strategy.steps is given.",
			});
		}
		return lengths[0];
	}
	if (epochs !== null) return Math.ceil((epochs * rows[first]) / batch[first]);
	return Math.ceil(steps / 2);
}
