import * as z from "zod";
import { objectives } from "../objectives.js";
import { defineStrategyOptions } from "./types.js";

const stageSteps = z.int().min(1).meta({ description: "Steps of this stage." });

export const sequential = defineStrategyOptions({
	name: "sequential",
	objectives: ["preference", "sft"],
	schema: z
		.strictObject({
			name: z.literal("sequential"),
			order: z
				.tuple([z.enum(objectives), z.enum(objectives)])
				.refine(([first, second]) => first !== second, "must name both objectives once")
				.default(["sft", "preference"])
				.meta({ description: "Which objective is trained first.", examples: [["preference", "sft"]] }),
			steps: z
				.strictObject({ preference: stageSteps, sft: stageSteps })
				.nullable()
				.default(null)
				.meta({
					description:
						"Steps of each stage; replaces train.steps. null: train.steps is halved, or train.epochs counts for each stage.",
					examples: [{ preference: 500, sft: 500 }],
				}),
		})
		.meta({ description: "One objective first, then the other." }),
	totalSteps: (options) => (options.steps === null ? null : options.steps.preference + options.steps.sft),
});
