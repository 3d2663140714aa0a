import { axisOption, isVisible } from "./axis.js";
import { errorBarSeries } from "./error-bars.js";
import { gridOption, legendOption } from "./layout.js";
import { markSeries } from "./marks.js";
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
	const ends = chart.paths.map(({ series, points, spread }) => {
		const last = shown(points).at(-1);
		const end = last && spread ? [{ ...last, xSpread: spread.x, ySpread: spread.y }] : [];
		return errorBarSeries(end, names.indexOf(series));
	});
	const front = chart.front ? [frontSeries(chart.front.name, shown(chart.front.points))] : [];
	return renderSvg(chart, {
		grid: gridOption,
		legend: legendOption([...names, ...(chart.front ? [chart.front.name] : [])]),
		xAxis: axisOption(chart.x, 32),
		yAxis: axisOption(chart.y, 58),
		series: [...ends, ...paths, ...front, markSeries(chart)],
	});
}

/** Labels that would cover each other move up or down. */
export const apart = { moveOverlap: "shiftY" };

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
		silent: true,
	};
}

/** A dashed line through points in the order of x. */
export function frontSeries(name: string, points: Point[]) {
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
