import type { Product } from "./types.js";

/** What the operations of a forward pass depend on. */
export interface ModelCost {
	/** Weights of all blocks' matrices, without embedding and head. */
	blockWeights: number;
	/** Weights of the output head. */
	headWeights: number;
	layers: number;
	hidden: number;
}

export function modelCost(products: readonly Product[], head: Product, layers: number, hidden: number): ModelCost {
	const blockWeights = products.reduce((sum, product) => sum + product.in * product.out * product.count, 0);
	return { blockWeights, headWeights: head.in * head.out, layers, hidden };
}

/** Lengths of one row: every response attends to the whole prompt and causally to itself. */
export interface RowLengths {
	prompt: number;
	responses: number[];
}

/**
 * Floating-point operations of a forward pass over one row: 2 per weight and token in the blocks, 2 per weight and scored
 * position in the head, and 4 × hidden per layer for each key a query sees (scores and weighted values). A pair's prompt
 * is counted once, nothing is counted for padding, norms, activations or LoRA (under 2 %).
 */
export function forwardFlops(cost: ModelCost, row: RowLengths): number {
	const scored = row.responses.reduce((sum, length) => sum + length, 0);
	const keys = row.responses.reduce(
		(sum, length) => sum + length * row.prompt + triangle(length),
		triangle(row.prompt),
	);
	const products = 2 * cost.blockWeights * (row.prompt + scored) + 2 * cost.headWeights * scored;
	return products + 4 * cost.hidden * cost.layers * keys;
}

/**
 * A training step: the forward pass, as much again for the gradients of activations (for attention twice as much),
 * and as much as the forward's products again for the gradients of the weights if all of them are trained.
 * Recomputing with checkpointing counts for nothing: it is no progress.
 */
export function trainFlops(cost: ModelCost, row: RowLengths, full: boolean): number {
	const forward = forwardFlops(cost, row);
	const attention = forward - forwardFlops({ ...cost, hidden: 0 }, row);
	return forward + (forward + attention) + (full ? forward - attention : 0);
}

/** Query-key pairs of causal attention over a sequence. */
function triangle(length: number): number {
	return (length * (length + 1)) / 2;
}
