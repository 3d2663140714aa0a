import { axisOption, isVisible } from "./axis.js";
import { errorBarSeries } from "./error-bars.js";
import { gridOption, legendOption } from "./layout.js";
import { markSeries } from "./marks.js";
import { renderSvg } from "./render.js";
import { colours, seriesStyle } from "./theme.js";
import { apart, frontSeries } from "./trajectory-chart.js";
import type { FrontChart, SpreadPoint } from "./types.js";

/** Points in a plane, those of a series joined by a thin line, with crosses for their spread and the front they form. */
export function frontChart(chart: FrontChart): Promise<string> {
	const shown = chart.series.map(({ points }) => points.filter((point) => isVisible(point, chart)));
	const front = chart.front ? [frontSeries(chart.front.name, [...chart.front.points])] : [];
	return renderSvg(chart, {
		grid: gridOption,
		legend: legendOption([...chart.series.map(({ name }) => name), ...(chart.front ? [chart.front.name] : [])]),
		xAxis: axisOption(chart.x, 32),
		yAxis: axisOption(chart.y, 58),
		series: [
			...shown.map(errorBarSeries),
			...chart.series.map(({ name }, index) => pointSeries(name, index, shown[index]!)),
			...front,
			markSeries(chart),
		],
	});
}

function pointSeries(name: string, index: number, points: readonly SpreadPoint[]) {
	const { colour, symbol } = seriesStyle(index);
	return {
		type: "line",
		name,
		data: points.map(({ x, y, label }) => {
			return { value: [x, y], label: { show: label !== undefined, formatter: label ?? "" } };
		}),
		symbol,
		symbolSize: 10,
		itemStyle: { color: colour },
		lineStyle: { color: colour, width: 0.8, opacity: 0.6 },
		label: { position: "right", color: colours.ink, fontSize: 11 },
		labelLayout: apart,
		silent: true,
	};
}
