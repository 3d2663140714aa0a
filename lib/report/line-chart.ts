import { axisOption, isVisible } from "./axis.js";
import { gridOption, legendOption } from "./layout.js";
import { markSeries } from "./marks.js";
import { renderSvg } from "./render.js";
import { seriesStyle } from "./theme.js";
import type { LineChart, LinePoint } from "./types.js";

type Line = LineChart["lines"][number];

/** Lines of more points than this have markers on every second, third, … point. */
const MARKERS = 24;

/** Lines over linear or logarithmic axes; a point with `low` and `high` adds to its line's band. */
export function lineChart(chart: LineChart): Promise<string> {
	const floor = smallestPositive(chart);
	const series = (line: Line, index: number) => [bandSeries(chart, line, index, floor), lineSeries(chart, line, index)];
	return renderSvg(chart, {
		grid: gridOption,
		legend: legendOption(chart.lines.map(({ name }) => name)),
		xAxis: axisOption(chart.x, 32),
		yAxis: axisOption(chart.y, 58),
		series: [...chart.lines.flatMap(series), markSeries(chart)],
	});
}

function lineSeries(chart: LineChart, { name, points, dashed }: Line, index: number) {
	const { colour, symbol } = seriesStyle(index);
	const shown = points.filter((point) => isVisible(point, chart));
	const every = Math.ceil(shown.length / MARKERS);
	return {
		type: "line",
		name,
		data: shown.map(({ x, y }, at) => ({ value: [x, y], symbol: at % every === 0 ? symbol : "none" })),
		symbol,
		symbolSize: 8,
		showAllSymbol: true,
		itemStyle: { color: colour },
		lineStyle: { color: colour, width: 2, type: dashed ? "dashed" : "solid" },
		silent: true,
	};
}

/** On a logarithmic axis a band that reaches 0 or below ends at the smallest value shown. */
function bandSeries(chart: LineChart, { points }: Line, index: number, floor: number) {
	const lowest = (low: number) => (chart.y.log ? Math.max(low, floor) : low);
	const band = points.filter((point): point is Required<LinePoint> => {
		return point.low !== undefined && point.high !== undefined && isVisible(point, chart);
	});
	const data = band.map(({ x, low, high }) => [x, lowest(low), high]);
	return {
		type: "custom",
		data,
		encode: { x: 0, y: [1, 2] },
		clip: true,
		silent: true,
		renderItem: ({ dataIndex }: { dataIndex: number }, api: { coord(point: number[]): number[] }) => {
			if (dataIndex > 0) return null;
			const edge = (column: 1 | 2) => data.map((row) => api.coord([row[0]!, row[column]!]));
			const style = { fill: seriesStyle(index).colour, opacity: 0.18 };
			return { type: "polygon", shape: { points: [...edge(1), ...edge(2).reverse()] }, style };
		},
	};
}

function smallestPositive({ lines }: LineChart): number {
	const values = lines.flatMap(({ points }) => points.flatMap(({ y, low }) => (low === undefined ? [y] : [y, low])));
	return Math.min(...values.filter((value) => value > 0));
}
