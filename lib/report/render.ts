import { createHash } from "node:crypto";
import type { EChartsCoreOption } from "echarts/core";
import { colours, darkStyleSheet } from "./theme.js";
import type { ChartText } from "./types.js";

export const width = 860;
const height = 480;
/** Room for the legend on the right; charts without one use the full width. */
export const legendWidth = 220;

/** Draws an ECharts option as an SVG document; the same input gives the same text, in any process. */
export async function renderSvg(text: ChartText, option: EChartsCoreOption): Promise<string> {
	const { init } = await echarts();
	const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
	try {
		chart.setOption({ animation: false, backgroundColor: colours.background, ...titleOption(text), ...option });
		return finish(chart.renderToSVGString(), text);
	} finally {
		chart.dispose();
	}
}

/** Loaded only when a chart is drawn: half a second that no other command should pay. */
async function echarts() {
	const [core, charts, components, { SVGRenderer }] = await Promise.all([
		import("echarts/core"),
		import("echarts/charts"),
		import("echarts/components"),
		import("echarts/renderers"),
	]);
	core.use([charts.LineChart, charts.ScatterChart, charts.CustomChart, charts.BarChart]);
	core.use([components.GridComponent, components.LegendComponent, components.TitleComponent]);
	core.use(SVGRenderer);
	return core;
}

function titleOption({ title, note }: ChartText): EChartsCoreOption {
	const style = { width: width - 40, overflow: "break" };
	return {
		title: {
			text: title,
			subtext: note ?? "",
			left: 16,
			top: 12,
			textStyle: { ...style, fontSize: 16, color: colours.ink },
			subtextStyle: { ...style, fontSize: 12, color: colours.muted },
		},
	};
}

/** Removes what only the interactive renderer needs and its per-process counters; adds the texts and dark colours. */
function finish(raw: string, { title, description }: ChartText): string {
	const body = raw
		.replace(/<svg[^>]*>/, "")
		.replace(/<style >[\s\S]*?<\/style>\s*/, "")
		.replace(/ (class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "");
	// Clip paths need a name, unique among the charts of one page.
	const digest = createHash("sha256")
		.update(title)
		.update(body.replace(/zr\d+-/g, ""))
		.digest("hex")
		.slice(0, 8);
	const label = escapeXml(title);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" class="xright-chart" role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
		`<title>${label}</title>`,
		`<desc>${escapeXml(description)}</desc>`,
		`<style>${darkStyleSheet("xright-chart")}</style>`,
		body.replace(/zr\d+-/g, `c${digest}-`).trim(),
		"",
	].join("\n");
}

function escapeXml(text: string): string {
	return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
