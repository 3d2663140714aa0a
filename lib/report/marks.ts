import { isVisible } from "./axis.js";
import { colours } from "./theme.js";
import type { Axis, Mark } from "./types.js";

const star = "path://M10 0L13 7L20 7.6L14.6 12.2L16.2 20L10 15.8L3.8 20L5.4 12.2L0 7.6L7 7Z";

export function markSeries(chart: { x: Axis; y: Axis; marks?: Mark[] }) {
	const shown = joinNeighbours((chart.marks ?? []).filter((mark) => isVisible(mark, chart)));
	return {
		type: "scatter",
		data: shown.map(({ name, x, y }) => ({ value: [x, y], label: { show: true, formatter: name } })),
		symbol: star,
		symbolSize: 14,
		itemStyle: { color: colours.ink, opacity: 1 },
		label: { position: "top", color: colours.ink, fontSize: 11 },
		silent: true,
	};
}

/** Marks nearer than 1/50 of the span of all become one with all their names, which would cover each other. */
function joinNeighbours(marks: Mark[]): Mark[] {
	const span = (values: number[]) => Math.max(...values) - Math.min(...values);
	const [width, height] = [span(marks.map(({ x }) => x)), span(marks.map(({ y }) => y))];
	const near = (a: Mark, b: Mark) => Math.abs(a.x - b.x) < width / 50 && Math.abs(a.y - b.y) < height / 50;
	const joined: Mark[] = [];
	for (const mark of marks) {
		const other = joined.find((candidate) => near(candidate, mark));
		if (other) other.name += `, ${mark.name}`;
		else joined.push({ ...mark });
	}
	return joined;
}
