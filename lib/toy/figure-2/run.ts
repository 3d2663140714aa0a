import type { Spread } from "../../eval/spread.js";
import { findStrategy } from "../../strategies/index.js";
import { table2ChosenResponse, table2Printed, table2Swapped } from "../data.js";
import { drive } from "../drive.js";
import { idealDistance, jointMethods, type Method, preferenceFirst, repeat, sftFirst, spreadOver } from "../methods.js";
import { evenSteps, type Path, pathOf } from "../path.js";
import { BETA, ToyProblem } from "../problem.js";
import type { ToyData, Vector } from "../types.js";

/** Where a method ends, over the seeds. */
export interface Figure2End {
	method: string;
	/** null for Sequential, which has none. */
	lambda: number | null;
	/** Mean over the seeds. */
	theta: Vector;
	preferenceLoss: Spread;
	sftLoss: Spread;
	idealDistance: Spread;
}

/** Sequential in one order and the joint methods with the reference policy that belongs to this order. */
export interface Figure2Experiment {
	/** Of Table 2. */
	reading: string;
	order: string;
	reference: Vector;
	ends: Figure2End[];
	/** Sequential, and the joint methods at λ = ½ with the first seed. */
	paths: Path[];
}

export interface Figure2Result {
	study: "figure-2";
	start: Vector;
	beta: number;
	stepSize: number;
	threshold: number;
	referenceSteps: number;
	stageSteps: number;
	seeds: readonly number[];
	experiments: Figure2Experiment[];
}

/** Appendix B.1, but λ, which is the sweep of the paper's other experiments. */
export const paper = {
	start: [5, -9.9],
	stepSize: 0.01,
	threshold: 0.05,
	referenceSteps: 1000,
	stageSteps: 10_000,
	lambdas: [0.01, 0.25, 0.5, 0.75, 0.99],
};

type Setting = typeof paper;

const readings = [
	{ reading: "as printed", data: table2Printed },
	{ reading: "x₂ swapped", data: table2Swapped },
];

const orders = [
	{ order: "preference first", sequential: preferenceFirst, referenceOf: chosenResponses },
	{ order: "SFT first", sequential: sftFirst, referenceOf: sftStage },
];

/** Figure 2 for both readings of Table 2 and both orders of Sequential. */
export function runFigure2(seeds: readonly number[], setting: Setting = paper): Figure2Result {
	const { lambdas: _, ...numbers } = setting;
	const experiments = readings.flatMap(({ reading, data }) =>
		orders.map(({ order, sequential, referenceOf }) => {
			const problem = new ToyProblem(data, referenceOf(data, setting));
			return { reading, order, reference: problem.reference, ...runMethods(problem, sequential, seeds, setting) };
		}),
	);
	return { study: "figure-2", beta: BETA, ...numbers, seeds, experiments };
}

function runMethods(problem: ToyProblem, sequential: Method, seeds: readonly number[], setting: Setting) {
	const { start, stepSize, stageSteps, threshold, lambdas } = setting;
	const shared = { problem, start, stepSize, steps: 2 * stageSteps };
	// The early stop and the change of reference at a stage concern Sequential alone.
	const stages = { ...shared, threshold, stageReference: true };
	const end = (method: Method, lambda: number | null, thetas: Vector[]): Figure2End => ({
		method: method.label,
		lambda,
		theta: start.map((_, i) => thetas.reduce((sum, theta) => sum + theta[i]!, 0) / thetas.length),
		preferenceLoss: spreadOver(thetas, (theta) => problem.loss("preference", theta)),
		sftLoss: spreadOver(thetas, (theta) => problem.loss("sft", theta)),
		idealDistance: spreadOver(thetas, (theta) => idealDistance(problem, theta)),
	});
	const joint = jointMethods.flatMap((method) =>
		lambdas.map((lambda) => end(method, lambda, repeat(method, seeds, { ...shared, lambda }))),
	);
	const steps = evenSteps(2 * stageSteps, 100);
	const one = { lambda: 0.5, seed: seeds[0]! };
	return {
		ends: [end(sequential, null, repeat(sequential, seeds, { ...stages, lambda: 0.5 })), ...joint],
		paths: [
			pathOf(sequential, { ...stages, ...one }, steps),
			...jointMethods.map((method) => pathOf(method, { ...shared, ...one }, steps)),
		],
	};
}

/** The reference of preference first: SFT on the chosen response, from the common start. */
function chosenResponses(_: ToyData, { start, stepSize, referenceSteps }: Setting): Vector {
	return supervised(table2ChosenResponse, { start, stepSize, steps: referenceSteps });
}

/** The reference of SFT first: the result of the SFT stage. */
function sftStage(data: ToyData, { start, stepSize, stageSteps, threshold }: Setting): Vector {
	return supervised(data, { start, stepSize, steps: stageSteps, threshold });
}

function supervised(
	data: ToyData,
	run: { start: Vector; stepSize: number; steps: number; threshold?: number },
): Vector {
	const problem = new ToyProblem(data, run.start);
	return drive({ ...run, problem, factory: findStrategy("sft"), lambda: 0, seed: 0 });
}
