/** Held-out losses of both objectives. */
export interface LossPair {
	dpo: number;
	sft: number;
}

/** The points that no other one beats or equals in both losses while being better in one, by rising DPO loss. */
export function nonDominated<P extends LossPair>(points: readonly P[]): P[] {
	const sorted = points.toSorted((a, b) => a.dpo - b.dpo || a.sft - b.sft);
	const front: P[] = [];
	for (const point of sorted) {
		const last = front.at(-1);
		if (last === undefined || point.sft < last.sft || (point.dpo === last.dpo && point.sft === last.sft)) {
			front.push(point);
		}
	}
	return front;
}
