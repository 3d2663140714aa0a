import { findStrategyOptions } from "./strategies/index.js";
import { isRecord } from "./walk.js";

/**
 * The configuration with the loss that its strategy stands for, where it names none. Held-out pairs are then reported by
 * DPO's loss, so that the run can be compared with others; `evaluation.preference: null` reports the loss itself.
 */
export function withStrategysLoss(value: unknown): unknown {
	if (!isRecord(value) || !isRecord(value.strategy)) return value;
	const loss = findStrategyOptions(String(value.strategy.name))?.loss;
	if (loss === undefined) return value;
	const { objective = {}, evaluation = {}, data } = value;
	const result = { ...value };
	if (isRecord(objective)) result.objective = { ...objective, preference: named(objective.preference, loss) };
	const hasPairs = isRecord(data) && isRecord(data.preference) && isRecord(data.preference.evaluation);
	if (hasPairs && isRecord(evaluation)) result.evaluation = { preference: { loss: "sigmoid" }, ...evaluation };
	return result;
}

/** The section of a loss with its name; something that is no section stays as it is. */
function named(section: unknown, loss: string): unknown {
	return section === undefined || isRecord(section) ? { loss, ...section } : section;
}
