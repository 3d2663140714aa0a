import { Random, streams } from "../data/random.js";
import type { Objective } from "../data/types.js";
import type { Losses, Strategy, StrategyContext, StrategyFactory } from "../strategies/types.js";
import type { ToyProblem } from "./problem.js";
import type { Row, Vector } from "./types.js";

export interface Drive {
	problem: ToyProblem;
	factory: StrategyFactory;
	/** The strategy's own options, as in a run's configuration. */
	options?: Record<string, unknown>;
	lambda: number;
	seed: number;
	start: Vector;
	steps: number;
	stepSize: number;
	/** A step changes nothing when the losses it trains are at or below this: an early stop of a stage. */
	threshold?: number;
	/** A new stage takes the current policy as its reference, as in training; else the problem's reference stays. */
	stageReference?: boolean;
	/** Called before step 1 with 0 and after each step; θ is valid during the call only. */
	record?(step: number, theta: Vector): void;
}

/** Plain SGD on one row a step, with the losses and choices of a strategy as in training. Gives the last θ. */
export function drive(run: Drive): Vector {
	const descent = new Descent(run);
	run.record?.(0, descent.theta);
	for (let step = 1; step <= run.steps; step++) {
		descent.step(step);
		run.record?.(step, descent.theta);
	}
	return descent.theta;
}

class Descent {
	readonly theta: number[];
	readonly #run: Drive;
	readonly #strategy: Strategy;
	readonly #next: NextRows;
	readonly #gradient: number[];

	constructor(run: Drive) {
		this.theta = [...run.start];
		this.#run = run;
		this.#strategy = run.factory.create(strategyContext(run));
		this.#next = new NextRows(run.problem, run.seed);
		this.#gradient = run.start.map(() => 0);
	}

	step(step: number): void {
		const { theta } = this;
		const strategy = this.#strategy;
		const next = this.#next;
		if (this.#run.stageReference && strategy.startsStage?.(step)) next.changeReference([...theta]);
		const asked: Losses = {};
		for (const { objective, ahead } of strategy.plan(step).evaluate ?? []) {
			asked[objective] = next.row(objective, ahead).loss(theta);
		}
		const { train } = strategy.choose(step, asked);
		this.#gradient.fill(0);
		const losses: Losses = {};
		for (const { objective, weight } of train) {
			losses[objective] = next.row(objective).addGradient(theta, weight, this.#gradient);
			next.advance(objective);
		}
		strategy.observe(step, losses);
		if (isDone(losses, this.#run.threshold)) return;
		for (let i = 0; i < theta.length; i++) theta[i]! -= this.#run.stepSize * this.#gradient[i]!;
	}
}

function isDone(losses: Losses, threshold: number | undefined): boolean {
	return threshold !== undefined && Object.values(losses).every((loss) => loss <= threshold);
}

/** The rows of each data set that are next in line, drawn with replacement as the theorems assume. */
class NextRows {
	#problem: ToyProblem;
	readonly #random: Record<Objective, Random>;
	readonly #coming: Record<Objective, number[]> = { preference: [], sft: [] };

	constructor(problem: ToyProblem, seed: number) {
		this.#problem = problem;
		this.#random = {
			preference: new Random(seed, streams.preferenceOrder),
			sft: new Random(seed, streams.sftOrder),
		};
	}

	changeReference(reference: Vector): void {
		this.#problem = this.#problem.withReference(reference);
	}

	row(objective: Objective, ahead = 0): Row {
		const rows = this.#problem.rows[objective];
		if (rows.length === 1) return rows[0]!;
		const coming = this.#coming[objective];
		while (coming.length <= ahead) coming.push(this.#random[objective].below(rows.length));
		return rows[coming[ahead]!]!;
	}

	advance(objective: Objective): void {
		this.#coming[objective].shift();
	}
}

function strategyContext({ problem, options, lambda, seed, steps }: Drive): StrategyContext {
	return {
		lambda,
		seed,
		random: () => new Random(seed, streams.strategy),
		optima: problem.data.optima,
		steps,
		epochs: null,
		rows: { preference: problem.rows.preference.length, sft: problem.rows.sft.length },
		batch: { preference: 1, sft: 1 },
		options: options ?? {},
	};
}
