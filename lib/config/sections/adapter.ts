import * as z from "zod";

const lora = z
	.strictObject({
		type: z.literal("lora").meta({ description: "Train low-rank adapters; the model's own weights stay as they are." }),
		rank: z
			.int()
			.min(1)
			.max(4096)
			.default(16)
			.meta({ description: "Rank of the adapters.", examples: [8, 16, 32] }),
		alpha: z
			.number()
			.positive()
			.default(16)
			.meta({ description: "Scaling: adapters are multiplied by alpha / rank (alpha / √rank with rsLora)." }),
		dropout: z.number().min(0).lt(1).default(0).meta({ description: "Dropout probability on the adapters' input." }),
		rsLora: z.boolean().default(false).meta({ description: "Scale by alpha / √rank." }),
		targets: z
			.union([z.array(z.string().min(1)).min(1), z.literal("all-linear")])
			.default(["q_proj", "v_proj"])
			.meta({
				description: 'Names of the modules that get an adapter, or "all-linear" (every linear layer but the head).',
				examples: [["q_proj", "v_proj"], "all-linear"],
			}),
		init: z.string().min(1).nullable().default(null).meta({
			description:
				"Folder of a PEFT adapter to continue from. Rank, alpha, rsLora and targets are then the adapter's own.",
		}),
	})
	.meta({ description: "LoRA adapters." });

const none = z
	.strictObject({ type: z.literal("none").meta({ description: "Train every parameter." }) })
	.meta({ description: "Full-parameter training." });

export const adapterSection = z
	.discriminatedUnion("type", [lora, none])
	.prefault({ type: "lora" })
	.meta({ description: "What is trained: LoRA adapters or, with type none, every parameter." });
