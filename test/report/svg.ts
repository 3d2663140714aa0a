import { DOMParser, type Element } from "@xmldom/xmldom";

/** The root of an SVG text. Throws when it is not well-formed XML. */
export function parseSvg(text: string): Element {
	const fail = (_level: string, message: string) => {
		throw new Error(message);
	};
	return new DOMParser({ onError: fail }).parseFromString(text, "image/svg+xml").documentElement!;
}

/** Every element of a tag. */
export function elements(root: Element, tag: string): Element[] {
	return Array.from(root.getElementsByTagName(tag));
}

export function texts(root: Element): string[] {
	return elements(root, "text").map((element) => element.textContent ?? "");
}

/** Paths drawn with this colour as `fill` or `stroke`, outside the legend (right of the drawing area). */
export function drawn(root: Element, property: "fill" | "stroke", colour: string): Element[] {
	return elements(root, "path").filter((element) => {
		const x = Number(/translate\(([\d.]+)/.exec(element.getAttribute("transform") ?? "")?.[1] ?? 0);
		return element.getAttribute(property) === colour && x < 650;
	});
}

/** Vertices of a polygon or a path of straight lines. */
export function vertices(path: Element): [number, number][] {
	const numbers = (path.getAttribute("d") ?? path.getAttribute("points") ?? "").match(/-?[\d.]+/g) ?? [];
	return Array.from({ length: numbers.length / 2 }, (_, i) => [Number(numbers[2 * i]), Number(numbers[2 * i + 1])]);
}
