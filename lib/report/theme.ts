/**
 * Colours on light and dark background, found by a search that keeps any two series apart (CIE76 ≥ 30) for normal
 * sight and for each kind of colour blindness (Machado et al. 2009), with contrast ≥ 3 to the background.
 */
const pairs = {
	background: ["#ffffff", "#12161c"],
	ink: ["#1c2128", "#e6e9ee"],
	muted: ["#57606a", "#a3adb8"],
	line: ["#d8dce1", "#343b44"],
} as const;

const seriesPairs = [
	["#0d5df3", "#88b8fa"],
	["#871604", "#d6904e"],
	["#2c865c", "#55fceb"],
	["#ba3c9e", "#e0457e"],
	["#a78c0b", "#fef930"],
	["#35058b", "#7e5aea"],
] as const;

/** The light colours, which the SVG carries; its style sheet replaces them on a dark background. */
export const colours = {
	background: pairs.background[0],
	ink: pairs.ink[0],
	muted: pairs.muted[0],
	line: pairs.line[0],
};

const symbols = ["circle", "triangle", "rect", "diamond", "path://M0 0L10 0L5 10Z"] as const;

/** Colour and symbol of the n-th series; the pair repeats after 30. */
export function seriesStyle(index: number): { colour: string; symbol: string } {
	return {
		colour: seriesPairs[index % seriesPairs.length]![0],
		symbol: symbols[index % symbols.length]!,
	};
}

/** Style sheet of a chart of class `scope`: dark colours where the reader's system asks for them. */
export function darkStyleSheet(scope: string): string {
	const rules = [...Object.values(pairs), ...seriesPairs].flatMap(([light, dark]) =>
		["fill", "stroke"].map((property) => `.${scope} [${property}="${light}"]{${property}:${dark}}`),
	);
	return `@media (prefers-color-scheme:dark){${rules.join("")}}`;
}
