import * as z from "zod";

const stage = z.enum(["sft-on-chosen", "sft"]).meta({
	description:
		'What the reference is trained on beforehand: "sft-on-chosen" the preferred answers of data.preference, "sft" the rows of data.sft.',
});

const given = z.strictObject({
	path: z
		.string()
		.min(1)
		.meta({
			description: "Another model (as in model.path), or the folder of a PEFT adapter for the same model.",
			examples: ["runs/sft/adapter", "./models/my-sft-model"],
		}),
});

const trained = z.strictObject({
	train: stage,
	steps: z.int().min(1).nullable().default(null).meta({ description: "Steps of this stage; null: as train says." }),
	epochs: z
		.number()
		.positive()
		.nullable()
		.default(null)
		.meta({ description: "Passes over its data instead of steps." }),
	lr: z.number().positive().nullable().default(null).meta({ description: "Peak learning rate; null: train's." }),
	batch: z.int().min(1).nullable().default(null).meta({ description: "Rows of one step; null: train.batch.sft." }),
});

export const referenceSection = z
	.union([stage, given, trained])
	.nullable()
	.default(null)
	.meta({
		description:
			"The reference policy of the preference losses. null: the model as the run starts (sequential with SFT first: what its SFT stage trained).",
		examples: [{ path: "runs/sft/adapter" }, "sft-on-chosen", { train: "sft", epochs: 1 }],
	});
