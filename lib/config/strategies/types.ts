import type * as z from "zod";
import type { Objective } from "../objectives.js";

/** The configuration half of a strategy: its own keys, and what it needs from the rest of the file. */
export interface StrategyOptions<S extends z.ZodObject = z.ZodObject> {
	/** `strategy.name`. */
	name: string;
	/** Strict object with `name` as a literal and the strategy's own keys. */
	schema: S;
	/** Objectives it can train; their data must be configured. */
	objectives: readonly Objective[];
	/** It compares losses with the optima, which must then be known. */
	needsOptima?: boolean;
	/** The preference loss it stands for: then the default, and the only one allowed. Held-out pairs are reported by DPO's. */
	loss?: string;
	/** Steps of the whole run when the strategy's own keys fix them, else null. */
	totalSteps?(options: z.output<S>): number | null;
}

export function defineStrategyOptions<S extends z.ZodObject>(options: StrategyOptions<S>): StrategyOptions<S> {
	return options;
}
