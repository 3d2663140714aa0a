import * as z from "zod";
import { lossOptions } from "../losses/index.js";

const [first, ...others] = lossOptions.map((options) => options.schema);

export const preferenceLoss = z.discriminatedUnion("loss", [first as NonNullable<typeof first>, ...others]);

export const objectiveSection = z
	.strictObject({
		preference: preferenceLoss
			.prefault({ loss: "sigmoid" })
			.meta({ description: "Which preference loss, and its options." }),
		sft: z.strictObject({}).prefault({}),
	})
	.prefault({})
	.meta({ description: "Options of the losses." });
