import { axisOption, isVisible } from "./axis.js";
import { gridOption, legendOption } from "./layout.js";
import { renderSvg } from "./render.js";
import { colours, seriesStyle } from "./theme.js";
import { thin } from "./thin.js";
import type { Point, TrajectoryChart } from "./types.js";

/** Paths through a plane: a hollow circle where each starts, its series' symbol where it ends. */
export function trajectoryChart(chart: TrajectoryChart): Promise<string> {
	const names = [...new Set(chart.paths.map(({ series }) => series))];
	const shown = (points: readonly Point[]) => points.filter((point) => isVisible(point, chart));
	const paths = chart.paths.map(({ series, label, points }) =>
		pathSeries(series, names.indexOf(series), thin(shown(points), chart), label),
	);
	const front = chart.front ? [frontSeries(chart.front.name, shown(chart.front.points))] : [];
	return renderSvg(chart, {
		grid: gridOption,
		legend: legendOption([...names, ...(chart.front ? [chart.front.name] : [])]),
		xAxis: axisOption(chart.x, 32),
		yAxis: axisOption(chart.y, 58),
		series: [...paths, ...front, markSeries((chart.marks ?? []).filter((mark) => isVisible(mark, chart)))],
	});
}

/** Labels that would cover each other move up or down. */
const apart = { moveOverlap: "shiftY" };

function pathSeries(name: string, index: number, points: Point[], label: string | undefined) {
	const { colour, symbol } = seriesStyle(index);
	const start = { symbol: "circle", symbolSize: 7, itemStyle: { color: colours.background, borderColor: colour } };
	const end = { symbol, symbolSize: 11, label: { show: label !== undefined, formatter: label ?? "" } };
	return {
		type: "line",
		name,
		data: points.map(({ x, y }, step) => {
			const marker = step === points.length - 1 ? end : step === 0 ? start : { symbol: "none" };
			return { value: [x, y], ...marker };
		}),
		symbol,
		itemStyle: { color: colour, borderWidth: 1.5 },
		lineStyle: { color: colour, width: 1.5 },
		label: { position: "right", color: colours.ink, fontSize: 11 },
		labelLayout: apart,
		silent: true,
	};
}

function frontSeries(name: string, points: Point[]) {
	return {
		type: "line",
		name,
		data: points.sort((a, b) => a.x - b.x).map(({ x, y }) => [x, y]),
		symbol: "circle",
		symbolSize: 5,
		lineStyle: { color: colours.ink, width: 1.5, type: "dashed" },
		itemStyle: { color: colours.ink },
		silent: true,
	};
}

const star = "path://M10 0L13 7L20 7.6L14.6 12.2L16.2 20L10 15.8L3.8 20L5.4 12.2L0 7.6L7 7Z";

function markSeries(marks: { name: string; x: number; y: number }[]) {
	return {
		type: "scatter",
		data: marks.map(({ name, x, y }) => ({ value: [x, y], label: { show: true, formatter: name } })),
		symbol: star,
		symbolSize: 14,
		itemStyle: { color: colours.ink },
		label: { position: "right", color: colours.ink, fontSize: 11 },
		labelLayout: apart,
		silent: true,
	};
}
