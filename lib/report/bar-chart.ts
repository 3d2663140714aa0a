import { axisOption, shortNumber } from "./axis.js";
import { gridOption } from "./layout.js";
import { renderSvg } from "./render.js";
import { colours, seriesStyle } from "./theme.js";
import type { BarChart } from "./types.js";

/** Horizontal bars from the top, each labelled with its value and, given a baseline, its ratio to that bar. */
export function barChart(chart: BarChart): Promise<string> {
	const base = chart.bars.find(({ name }) => name === chart.baseline)?.value;
	const label = (value: number) => (base === undefined ? "" : ` (${(value / base).toFixed(2)}×)`);
	return renderSvg(chart, {
		grid: { ...gridOption, left: 190, right: 130 },
		xAxis: { ...axisOption(chart.value, 32), scale: false },
		yAxis: {
			type: "category",
			inverse: true,
			data: chart.bars.map(({ name }) => name),
			axisLabel: { color: colours.ink, width: 160, overflow: "break" },
			axisLine: { lineStyle: { color: colours.muted } },
			axisTick: { show: false },
		},
		series: [
			{
				type: "bar",
				barMaxWidth: 34,
				data: chart.bars.map(({ name, value }) => ({
					value,
					itemStyle: { color: seriesStyle(name === chart.baseline ? 1 : 0).colour },
					label: { formatter: `${shortNumber(value)}${label(value)}` },
				})),
				label: { show: true, position: "right", color: colours.ink },
				silent: true,
			},
		],
	});
}
