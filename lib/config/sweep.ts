import type * as z from "zod";
import { configError, parseWith } from "./parse.js";
import { runConfigSchema } from "./schema.js";
import { sweepSection } from "./sections/sweep.js";
import { isRecord } from "./walk.js";

/** The configuration of a sweep; `schema/sweep.schema.json` is made from it. */
export const sweepConfigSchema = runConfigSchema
	.omit({ strategy: true, seed: true })
	.extend({ sweep: sweepSection })
	.meta({
		title: "xright-native sweep configuration",
		description: "A run configuration whose strategy and seed are taken from a grid.",
	});

/** What a user writes. */
export type SweepConfigInput = z.input<typeof sweepConfigSchema>;
export type SweepConfig = z.output<typeof sweepConfigSchema>;
export type SweepSection = z.output<typeof sweepSection>;

/** Keys of a run that the grid decides. */
const decided = { strategy: "sweep.strategies", seed: "sweep.seeds" } as const;

/** Checks everything of a sweep's configuration but what depends on the single runs. Throws CONFIG. */
export function parseSweep(value: unknown, where: string): SweepConfig {
	const inert = Object.entries(decided).filter(([key]) => isRecord(value) && Object.hasOwn(value, key));
	if (inert.length > 0) {
		throw configError(
			where,
			inert.map(([key, ours]) => `${key} has no effect in a sweep: ${ours} says what runs; remove it`),
		);
	}
	return parseWith(sweepConfigSchema, value, where);
}
