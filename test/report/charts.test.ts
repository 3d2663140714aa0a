import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { barChart, type LineChart, lineChart, type TrajectoryChart, trajectoryChart } from "../../lib/report/index.js";
import { seriesStyle } from "../../lib/report/theme.js";
import { drawn, elements, parseSvg, texts, vertices } from "./svg.js";

const decades = [100, 1000, 10000];
const hostile = '</script><img src=x onerror="a">&';

const lines: LineChart = {
	title: `Gap ${hostile}`,
	note: "mean ± spread",
	description: `Falls ${hostile}`,
	x: { label: "steps T", log: true },
	y: { label: "gap", log: true },
	lines: [
		{ name: "ALRIGHT", points: decades.map((x) => ({ x, y: 1 / x, low: 0.5 / x, high: 2 / x })) },
		{ name: hostile, points: decades.map((x) => ({ x, y: 0.5 })), dashed: true },
	],
};

const spiral = Array.from({ length: 20000 }, (_, i) => ({
	x: 2 + Math.cos(i / 2000) * (1 - i / 20000),
	y: 2 + Math.sin(i / 2000) * (1 - i / 20000),
}));

const trajectories: TrajectoryChart = {
	title: "Both gaps",
	description: "Paths",
	x: { label: "DPO gap", min: 0 },
	y: { label: "SFT gap", min: 0 },
	paths: [
		{ series: "ALRIGHT", label: "λ = 0.5", points: spiral },
		{ series: "ALRIGHT", label: "λ = 0.9", points: [{ x: 1, y: 3 }] },
		{ series: "Mix", points: spiral.slice(0, 100) },
	],
	front: {
		name: "front",
		points: [
			{ x: 2, y: 1 },
			{ x: 1, y: 2 },
			{ x: 3, y: 0.5 },
		],
	},
	marks: [{ name: "ideal", x: 0, y: 0 }],
};

describe("every chart", () => {
	it.each([
		["line", () => lineChart(lines), "Gap"],
		["trajectory", () => trajectoryChart(trajectories), "Both gaps"],
		[
			"bar",
			() => barChart({ title: "T", description: "D", value: { label: "s" }, bars: [{ name: "a", value: 1 }] }),
			"T",
		],
	])(
		"%s: is well-formed, names itself for readers, has dark colours, no script and no outside address",
		async (_, draw, title) => {
			const text = await draw();
			const root = parseSvg(text);
			expect(root.getAttribute("role")).toBe("img");
			expect(root.getAttribute("aria-label")).toContain(title);
			expect(root.firstChild!.nextSibling!.nodeName).toBe("title");
			expect(elements(root, "desc")[0]!.textContent).not.toBe("");
			expect(elements(root, "style")[0]!.textContent).toMatch(/^@media \(prefers-color-scheme:dark\)/);
			for (const tag of ["script", "img", "image", "foreignObject"]) expect(elements(root, tag)).toEqual([]);
			for (const element of elements(root, "*")) {
				for (const name of ["href", "xlink:href", "src", "onerror"]) expect(element.hasAttribute(name)).toBe(false);
			}
			expect(text.match(/url\((?!#)|@import|xlink/)).toBeNull();
		},
	);

	it("shows texts with markup in them as texts", async () => {
		const root = parseSvg(await lineChart(lines));
		expect(elements(root, "title")[0]!.textContent).toBe(lines.title);
		expect(elements(root, "desc")[0]!.textContent).toBe(lines.description);
		expect(texts(root)).toContain(lines.title);
	});

	it("is the same text however often and wherever it is drawn, and its names are unique on a page", async () => {
		const once = await lineChart(lines);
		await trajectoryChart(trajectories);
		expect(await lineChart(lines)).toBe(once);
		const script = fileURLToPath(new URL("../../dist/report/index.js", import.meta.url));
		const program = `import(${JSON.stringify(script)}).then(async (r) => process.stdout.write(await r.lineChart(${JSON.stringify(lines)})))`;
		expect(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" })).toBe(once);
		const ids = (text: string) => [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
		expect(ids(once).length).toBeGreaterThan(0);
		expect(ids(await lineChart({ ...lines, title: "Another" }))).not.toEqual(ids(once));
	});
});

describe("lineChart", () => {
	it("draws a line through its points, to scale on logarithmic axes", async () => {
		const root = parseSvg(await lineChart(lines));
		const { colour } = seriesStyle(0);
		const [path] = drawn(root, "stroke", colour).filter((element) => element.getAttribute("stroke-width") === "2");
		const [[x0, y0], [x1, y1], [x2, y2]] = vertices(path!) as [[number, number], [number, number], [number, number]];
		expect(x1 - x0).toBeCloseTo(x2 - x1, 0);
		expect(y1 - y0).toBeCloseTo(y2 - y1, 0);
		expect(y1).toBeGreaterThan(y0);
		expect(texts(root)).toEqual(expect.arrayContaining(["100", "1,000", "10,000", "steps T", "gap", "ALRIGHT"]));
	});

	it("draws the spread as one band around the line, and none without low and high", async () => {
		const root = parseSvg(await lineChart(lines));
		const bands = elements(root, "polygon");
		expect(bands.map((band) => band.getAttribute("fill"))).toEqual([seriesStyle(0).colour]);
		const corners = vertices(bands[0]!);
		expect(corners).toHaveLength(2 * decades.length);
		// From low to high is a factor of 4 at every x; y grows downwards.
		const heights = decades.map((_, i) => corners[i]![1] - corners[corners.length - 1 - i]![1]);
		for (const height of heights) expect(height).toBeCloseTo(heights[0]!, 0);
		expect(heights[0]).toBeGreaterThan(20);
	});

	it("marks points by name; those that would cover each other share one star", async () => {
		const marks = [
			{ name: "a", x: 100, y: 0.5 },
			{ name: "b", x: 101, y: 0.501 },
			{ name: "c", x: 9000, y: 0.01 },
		];
		expect(texts(parseSvg(await lineChart({ ...lines, marks })))).toEqual(expect.arrayContaining(["a, b", "c"]));
	});

	it("gives a long line few markers", async () => {
		const points = Array.from({ length: 500 }, (_, i) => ({ x: i + 1, y: i + 1 }));
		const root = parseSvg(await lineChart({ ...lines, lines: [{ name: "long", points }] }));
		expect(elements(root, "path").length).toBeLessThan(120);
	});

	it("leaves out what a logarithmic axis cannot show and ends the band at the smallest value", async () => {
		const points = [
			{ x: 0, y: 1 },
			{ x: 10, y: 0 },
			{ x: 100, y: 1, low: -1, high: 2 },
			{ x: 1000, y: 0.5, low: 0.1, high: 2 },
		];
		const text = await lineChart({ ...lines, lines: [{ name: "a", points }] });
		expect(text).not.toMatch(/NaN|Infinity/);
		const [path] = drawn(parseSvg(text), "stroke", seriesStyle(0).colour).filter(
			(element) => element.getAttribute("stroke-width") === "2",
		);
		expect(vertices(path!)).toHaveLength(2);
	});
});

describe("trajectoryChart", () => {
	it("gives a series one colour and one legend entry, and labels ends, front and marks", async () => {
		const root = parseSvg(await trajectoryChart(trajectories));
		const all = texts(root);
		expect(all.filter((text) => text === "ALRIGHT")).toHaveLength(1);
		expect(all).toEqual(expect.arrayContaining(["Mix", "front", "ideal", "λ = 0.5", "λ = 0.9", "DPO gap", "SFT gap"]));
		const dashed = elements(root, "path").filter((element) => element.getAttribute("stroke-dasharray"));
		const front = vertices(dashed.find((element) => vertices(element).length === 3)!);
		expect(front.map(([x]) => x)).toEqual(front.map(([x]) => x).sort((a, b) => a - b));
	});

	it("keeps the size of a long path small", async () => {
		const text = await trajectoryChart(trajectories);
		expect(text.length).toBeLessThan(60_000);
		const [longest] = drawn(parseSvg(text), "stroke", seriesStyle(0).colour).sort(
			(a, b) => vertices(b).length - vertices(a).length,
		);
		expect(vertices(longest!).length).toBeGreaterThan(300);
	});
});

describe("barChart", () => {
	const bars = [
		{ name: "Sequential", value: 2 },
		{ name: "Mix", value: 3 },
	];
	const chart = { title: "Time", description: "D", value: { label: "seconds" }, bars };

	it("labels bars with their ratio to the baseline, in bar lengths of that ratio", async () => {
		const root = parseSvg(await barChart({ ...chart, baseline: "Sequential" }));
		expect(texts(root)).toEqual(expect.arrayContaining(["2 (1.00×)", "3 (1.50×)", "seconds", "Mix"]));
		const length = (index: number) => {
			const [path] = drawn(root, "fill", seriesStyle(index).colour);
			const step = (path!.getAttribute("d") ?? "").match(/l(-?[\d.]+) 0/)?.[1];
			return Number(step);
		};
		expect(length(0) / length(1)).toBeCloseTo(1.5, 1);
	});

	it("labels values alone without a baseline", async () => {
		expect(texts(parseSvg(await barChart(chart)))).toEqual(expect.arrayContaining(["2", "3"]));
	});
});
