import { expect, it } from "vitest";
import { frontChart, trajectoryChart } from "../../lib/report/index.js";
import { seriesStyle } from "../../lib/report/theme.js";
import { drawn, parseSvg, texts, vertices } from "./svg.js";

const text = { title: "Front", description: "Two strategies", x: { label: "DPO" }, y: { label: "SFT" } };

it("draws a cross of the size of the spread through a point, and labels it", async () => {
	const series = [
		{
			name: "mix",
			points: [
				{ x: 1, y: 1, xSpread: 0.5, ySpread: 0.25, label: "0.5" },
				{ x: 2, y: 2 },
			],
		},
		{ name: "alright", points: [{ x: 0, y: 0 }] },
	];
	const root = parseSvg(await frontChart({ ...text, series, front: { name: "front", points: [{ x: 0, y: 0 }] } }));
	expect(texts(root)).toEqual(expect.arrayContaining(["mix", "alright", "0.5", "front"]));
	const lines = drawn(root, "stroke", seriesStyle(0).colour)
		.map(vertices)
		.filter((points) => points.length === 2);
	const across = lines.filter(([a, b]) => a![1] === b![1]).map(([a, b]) => b![0] - a![0]);
	const down = lines.filter(([a, b]) => a![0] === b![0]).map(([a, b]) => Math.abs(b![1] - a![1]));
	expect(across).toHaveLength(1);
	expect(down).toHaveLength(1);
	const [joined] = lines.filter(([a, b]) => a![0] !== b![0] && a![1] !== b![1]);
	// The join runs from (1, 1) to (2, 2); the cross is 1 wide and 0.5 high.
	expect(across[0]!).toBeCloseTo(Math.abs(joined![1]![0] - joined![0]![0]), 0);
	expect(down[0]!).toBeCloseTo(Math.abs(joined![1]![1] - joined![0]![1]) / 2, 0);
});

it("draws the spread at the end of a trajectory", async () => {
	const paths = (spread?: { x: number; y: number }) => [
		{
			series: "mix",
			points: [
				{ x: 0, y: 0 },
				{ x: 1, y: 1 },
			],
			spread,
		},
	];
	const strokes = async (spread?: { x: number; y: number }) =>
		drawn(parseSvg(await trajectoryChart({ ...text, paths: paths(spread) })), "stroke", seriesStyle(0).colour).length;
	expect((await strokes({ x: 0.1, y: 0.1 })) - (await strokes())).toBe(2);
});
