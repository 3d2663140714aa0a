export interface ShapeTensor {
	name: string;
	shape: number[];
}

export interface Shape {
	/** Hugging Face's config.json. */
	config: Record<string, unknown> & { vocab_size: number };
	/** One-dimensional weights become 1, biases 0, matrices random. */
	tensors: ShapeTensor[];
}
