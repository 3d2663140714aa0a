import * as z from "zod";

export const modelSection = z.strictObject({
	path: z
		.string()
		.min(1)
		.meta({
			description:
				"The model: a folder in Hugging Face's layout, a .gguf file, a Hugging Face id, or a name of the built-in catalogue.",
			examples: ["smollm2-135m-instruct", "meta-llama/Llama-3.2-1B", "./models/my-llama", "model.Q4_K_M.gguf"],
		}),
	dtype: z.enum(["bfloat16", "float32"]).default("bfloat16").meta({
		description: "Type of the weights and activations. Losses, adapters and optimiser state are always float32.",
	}),
});
