import { colours } from "./theme.js";
import type { Axis, Point } from "./types.js";

/** Option of an axis with its label in the middle of its side. */
export function axisOption(axis: Axis, nameGap: number) {
	return {
		type: axis.log ? "log" : "value",
		name: axis.label,
		nameLocation: "middle",
		nameGap,
		min: axis.min,
		max: axis.max,
		scale: true,
		nameTextStyle: { color: colours.ink, fontSize: 13 },
		axisLabel: { color: colours.muted, formatter: shortNumber },
		axisLine: { show: true, onZero: false, lineStyle: { color: colours.muted } },
		axisTick: { show: true, lineStyle: { color: colours.muted } },
		splitLine: { lineStyle: { color: colours.line } },
	};
}

/** 0.001, 20000 → "20,000", 1e-7. */
export function shortNumber(value: number): string {
	const size = Math.abs(value);
	if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
		return Number(value.toPrecision(4)).toExponential().replace("e+", "e");
	}
	return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
}

/** True when a logarithmic axis can show the point, or the axis is linear. */
export function isVisible({ x, y }: Point, axes: { x: Axis; y: Axis }): boolean {
	const fits = (value: number, axis: Axis) => Number.isFinite(value) && (!axis.log || value > 0);
	return fits(x, axes.x) && fits(y, axes.y);
}
