import type { Spread } from "../eval/spread.js";

/** Four significant digits; differences and other tiny numbers with an exponent. */
export function cell(value: number): string {
	const size = Math.abs(value);
	if (size === 0) return "0";
	if (size < 1e-4) return value.toExponential(1);
	return size >= 100 ? value.toFixed(2) : value.toPrecision(4);
}

/** Mean ± standard deviation, or the value alone when there is no spread. */
export function spreadCell({ mean, deviation }: Spread): string {
	return deviation === null ? cell(mean) : `${cell(mean)} ± ${deviation.toPrecision(2)}`;
}
