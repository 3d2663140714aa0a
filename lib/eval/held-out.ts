import type { NativeSession, Part } from "../native/binding.js";
import { MetricTotals } from "./totals.js";

/** One micro-batch of held-out rows: `part.normalizer` is 1, `count` its pairs or scored tokens. */
export interface HeldOutPart {
	part: Part;
	count: number;
	rows: number;
}

export interface HeldOutResult {
	/** Mean over all pairs or scored tokens. */
	loss: number;
	/** The objective's metrics, each averaged over its own count. */
	metrics: Record<string, number>;
}

/** Loss and metrics of one objective over all its held-out rows; `onRows` hears the rows of each part when done. */
export async function heldOutLoss(
	session: Pick<NativeSession, "evaluate">,
	parts: AsyncIterable<HeldOutPart>,
	onRows: (rows: number) => void,
): Promise<HeldOutResult> {
	let loss = 0;
	let count = 0;
	const totals = new MetricTotals();
	for await (const entry of parts) {
		const [result] = await session.evaluate([entry.part]);
		loss += result!.loss;
		count += entry.count;
		totals.add(result!.sums, result!.counts);
		onRows(entry.rows);
	}
	return { loss: loss / count, metrics: totals.means() };
}
