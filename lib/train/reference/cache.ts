import { join } from "node:path";
import { cacheKey } from "../../data/cache.js";
import { userCache } from "../../model/hub/settings.js";
import { describeNumerics } from "../../native/numerics.js";
import type { RowSet } from "../context.js";
import type { Surroundings } from "../model.js";
import type { FoundReference } from "./given.js";
import type { ReferenceLogps } from "./logps.js";
import { RowStore } from "./row-store.js";

/** Raised whenever the same inputs would give other numbers. */
const VERSION = 1;

/**
 * Gives a row set's log-probs the rows that earlier runs left in the user's cache, and keeps new ones there. The key
 * has everything that the numbers depend on to the last bit; `packing` says which rows are scored together.
 */
export async function openRowStore(
	logps: ReferenceLogps,
	set: RowSet,
	{ config, found }: FoundReference,
	packing: object,
	around: Surroundings,
): Promise<void> {
	const key = cacheKey({
		reference: VERSION,
		model: found.fingerprint,
		dtype: config.model.dtype,
		adapter: config.adapter.type,
		numerics: await describeNumerics(config.device, config.threads, around.env),
		data: set.dataset.key,
		sequences: logps.sequences,
		packing: JSON.stringify(packing),
	});
	const folder = join(userCache(around.env), "xright-native", "reference");
	const warn = (message: string) => around.emit({ event: "warning", message });
	const taken = await logps.attach(new RowStore(folder, key, logps.sequences, warn));
	if (taken === 0) return;
	const message = `reference log-probs of ${taken} of ${set.dataset.length} rows of ${set.path} come from the cache`;
	around.emit({ event: "info", message });
}
