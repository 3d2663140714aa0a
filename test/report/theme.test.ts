import { describe, expect, it } from "vitest";
import { colours, darkStyleSheet, seriesStyle } from "../../lib/report/theme.js";

const dark = new Map(
	[...darkStyleSheet("c").matchAll(/\[fill="(#\w+)"\]\{fill:(#\w+)\}/g)].map(([, from, to]) => [from, to as string]),
);
const series = Array.from({ length: 6 }, (_, index) => seriesStyle(index).colour);

type Rgb = [number, number, number];

function linear(colour: string): Rgb {
	return [1, 3, 5].map((at) => {
		const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	}) as Rgb;
}

/** WCAG contrast ratio. */
function contrast(a: string, b: string): number {
	const luminance = (colour: string) => {
		const [red, green, blue] = linear(colour);
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
	};
	const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
	return high! / low!;
}

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const sights: Record<string, Rgb[]> = {
	normal: [
		[1, 0, 0],
		[0, 1, 0],
		[0, 0, 1],
	],
	protanopia: [
		[0.152286, 1.052583, -0.204868],
		[0.114503, 0.786281, 0.099216],
		[-0.003882, -0.048116, 1.051998],
	],
	deuteranopia: [
		[0.367322, 0.860646, -0.227968],
		[0.280085, 0.672501, 0.047413],
		[-0.01182, 0.04294, 0.968881],
	],
	tritanopia: [
		[1.255528, -0.076749, -0.178779],
		[-0.078411, 0.930809, 0.147602],
		[0.004733, 0.691367, 0.3039],
	],
};

const dot = (a: Rgb, b: Rgb) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** CIE L*a*b* of a colour as seen. */
function seen(colour: string, sight: Rgb[]): Rgb {
	const rgb = sight.map((row) => dot(row, linear(colour))) as Rgb;
	const cubic = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
	const x = cubic(Math.max(0, dot([0.4124, 0.3576, 0.1805], rgb)) / 0.9505);
	const y = cubic(Math.max(0, dot([0.2126, 0.7152, 0.0722], rgb)));
	const z = cubic(Math.max(0, dot([0.0193, 0.1192, 0.9505], rgb)) / 1.089);
	return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe.each([
	["light", (colour: string) => colour],
	["dark", (colour: string) => dark.get(colour)!],
])("colours on %s", (_, shown) => {
	const background = shown(colours.background);

	it("contrast: texts 4.5, lines and bars 3", () => {
		for (const text of [colours.ink, colours.muted]) expect(contrast(shown(text), background)).toBeGreaterThan(4.5);
		for (const colour of series) expect(contrast(shown(colour), background)).toBeGreaterThan(3);
	});

	it.each(Object.entries(sights))("series stay apart: %s", (_name, sight) => {
		const places = series.map((colour) => seen(shown(colour), sight));
		const distances = places.flatMap((a, i) =>
			places.slice(0, i).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])),
		);
		expect(Math.min(...distances)).toBeGreaterThan(30);
	});
});
