import * as z from "zod";
import { adapterSection } from "./sections/adapter.js";
import { dataSection } from "./sections/data.js";
import { modelSection } from "./sections/model.js";
import { objectiveSection } from "./sections/objective.js";
import { referenceSection } from "./sections/reference.js";
import { checkpointSection, device, evaluationSection, optimaSection, output, seed, threads } from "./sections/run.js";
import { stopSection } from "./sections/stop.js";
import { trainSection } from "./sections/train.js";
import { strategyOptions } from "./strategies/index.js";

const [first, ...others] = strategyOptions.map((options) => options.schema);

/** The whole configuration; `schema/run.schema.json` is made from it. */
export const runConfigSchema = z
	.strictObject({
		$schema: z
			.string()
			.optional()
			.meta({ description: "Where the editor finds this schema; not used by the program." }),
		model: modelSection,
		adapter: adapterSection,
		data: dataSection,
		reference: referenceSection,
		objective: objectiveSection,
		strategy: z
			.discriminatedUnion("name", [first as NonNullable<typeof first>, ...others])
			.prefault({ name: "alright" })
			.meta({ description: "Which objective each step trains." }),
		train: trainSection,
		optima: optimaSection,
		stop: stopSection,
		evaluation: evaluationSection,
		checkpoint: checkpointSection,
		seed,
		device,
		threads,
		output,
	})
	.meta({ title: "xright-native run configuration", description: "One training run of xright-native." });

/** What a user writes. */
export type RunConfigInput = z.input<typeof runConfigSchema>;

type Parsed = z.output<typeof runConfigSchema>;

/** A complete, checked configuration: every default is filled in, and exactly one of steps and epochs is a number. */
export type RunConfig = Omit<Parsed, "$schema" | "output" | "train"> & {
	train: Omit<Parsed["train"], "steps" | "microBatchTokens"> & { steps: number | null; microBatchTokens: number };
	output: string;
};

export type AdapterConfig = RunConfig["adapter"];
export type LoraConfig = Extract<AdapterConfig, { type: "lora" }>;
/** One objective's data set. */
export type SourceConfig = NonNullable<RunConfig["data"]["preference"]>;
export type EvaluationSourceConfig = NonNullable<SourceConfig["evaluation"]>;
export type ReferenceConfig = NonNullable<RunConfig["reference"]>;
export type StopConfig = NonNullable<RunConfig["stop"]>;
/** A point of a front of held-out losses. */
export type FrontPoint = Exclude<StopConfig["referenceFront"], string | null>[number];
export type StrategyConfig = RunConfig["strategy"];
export type ScheduleConfig = RunConfig["train"]["schedule"];
export type OptimizerConfig = RunConfig["train"]["optimizer"];
