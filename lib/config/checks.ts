import { findLossOptions } from "./losses/index.js";
import type { Objective } from "./objectives.js";
import { referenceTraining } from "./reference.js";
import type { RunConfig } from "./schema.js";
import { evaluationSection } from "./sections/run.js";
import { findStrategyOptions } from "./strategies/index.js";

const dataNames: Record<Objective, string> = {
	preference: "pairs of a preferred and a rejected answer",
	sft: "prompts with the answer to learn",
};

/** Problems that only show when several keys are seen together. */
export function crossCheck(config: RunConfig): string[] {
	return [
		...dataChecks(config),
		...lossChecks(config),
		...referenceChecks(config),
		...optimaChecks(config),
		...stopChecks(config),
		...lengthChecks(config),
		...inertChecks(config),
	];
}

function dataChecks(config: RunConfig): string[] {
	const { name } = config.strategy;
	return (findStrategyOptions(name)?.objectives ?? [])
		.filter((objective) => config.data[objective] === null)
		.map((objective) => `data.${objective} is missing: strategy "${name}" trains on ${dataNames[objective]}`);
}

function referenceChecks(config: RunConfig): string[] {
	if (config.reference === null) return [];
	if (config.data.preference === null) return ["reference has no effect without data.preference"];
	const { loss } = config.objective.preference;
	const measured = config.evaluation.preference?.loss ?? loss;
	if (![loss, measured].some((name) => findLossOptions(name).needsReference)) {
		return [`reference has no effect with objective.preference.loss "${loss}", which compares with none`];
	}
	const training = referenceTraining(config);
	const problems: string[] = [];
	if (training?.train === "sft" && config.data.sft === null) {
		problems.push(`data.sft is missing: the reference is trained on ${dataNames.sft}`);
	}
	if (training && training.steps !== null && training.epochs !== null) {
		problems.push("reference.steps and reference.epochs exclude each other; give one");
	}
	return problems;
}

/** A strategy that compares gaps needs to know what they are gaps to. */
function optimaChecks({ optima, strategy, objective, evaluation }: RunConfig): string[] {
	const options = findStrategyOptions(strategy.name);
	if (!options?.needsOptima) return [];
	if (optima === "estimate") {
		const measured = evaluation.preference ?? objective.preference;
		if (JSON.stringify(measured) === JSON.stringify(objective.preference)) return [];
		return [
			`optima "estimate" finds the optimum of evaluation.preference, but strategy "${strategy.name}" compares with that of objective.preference; give numbers, or leave evaluation.preference out`,
		];
	}
	const missing = options.objectives.filter((objective) => optima[objective] === null);
	if (missing.length === 0) return [];
	const keys = missing.map((objective) => `optima.${objective}`).join(" and ");
	const [verb, them] = missing.length > 1 ? ["are", "them"] : ["is", "it"];
	return [
		`${keys} ${verb} missing: strategy "${strategy.name}" compares with ${them}; write "optima": "estimate", or numbers (0 is one)`,
	];
}

/** Losses are compared on held-out rows, with something. */
function stopChecks({ stop, optima, data, strategy }: RunConfig): string[] {
	const trained = findStrategyOptions(strategy.name)?.objectives ?? [];
	if (stop === null || trained.length < 2) return [];
	const problems = trained
		.filter((objective) => data[objective] !== null && data[objective].evaluation === null)
		.map((objective) => `data.${objective}.evaluation is missing: stop looks at held-out losses`);
	const unknown = optima !== "estimate" && trained.every((objective) => optima[objective] === null);
	if (unknown && stop.referenceFront === null) {
		problems.push('stop has nothing to compare with: give optima (numbers or "estimate") or stop.referenceFront');
	}
	return problems;
}

function lossChecks({ strategy, objective }: RunConfig): string[] {
	const own = findStrategyOptions(strategy.name)?.loss;
	const { loss } = objective.preference;
	if (own === undefined || own === loss) return [];
	return [
		`objective.preference.loss is "${loss}", but strategy "${strategy.name}" trains with "${own}"; leave it out, or use strategy "dpo"`,
	];
}

function lengthChecks(config: RunConfig): string[] {
	const { steps, epochs, schedule } = config.train;
	const problems: string[] = [];
	const fixed = findStrategyOptions(config.strategy.name)?.totalSteps?.(config.strategy) ?? null;
	if (steps !== null && epochs !== null) problems.push("train.steps and train.epochs exclude each other; give one");
	if (fixed !== null && epochs !== null) problems.push("strategy.steps and train.epochs exclude each other; give one");
	if (fixed !== null && steps !== null && steps !== fixed) {
		problems.push(
			`train.steps is ${steps}, but the stages of strategy.steps add up to ${fixed}; leave train.steps out`,
		);
	}
	const total = fixed ?? steps;
	if (total !== null && schedule.warmup >= 1 && schedule.warmup > total) {
		problems.push(`train.schedule.warmup is ${schedule.warmup} steps, more than the ${total} steps of the run`);
	}
	return problems;
}

/** Values that nothing would read; repeating a default is no mistake. */
function inertChecks(config: RunConfig): string[] {
	const problems: string[] = [];
	const { every, maxNewTokens, prompts } = config.evaluation;
	const defaults = evaluationSection.parse({});
	if (prompts.length === 0 && maxNewTokens !== defaults.maxNewTokens) {
		problems.push("evaluation.maxNewTokens has no effect without evaluation.prompts");
	}
	if (config.evaluation.preference !== null && !config.data.preference?.evaluation) {
		problems.push("evaluation.preference has no effect: data.preference has no evaluation");
	}
	const heldOut = config.data.preference?.evaluation ?? config.data.sft?.evaluation ?? null;
	if (heldOut === null && every !== null && every !== defaults.every) {
		problems.push("evaluation.every has no effect: no data set has an evaluation");
	}
	return problems;
}
