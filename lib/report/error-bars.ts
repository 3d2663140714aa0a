import { seriesStyle } from "./theme.js";
import type { SpreadPoint } from "./types.js";

interface Api {
	coord(point: [number, number]): [number, number];
}

/** A cross through each point with a spread: from value − spread to value + spread on both axes. */
export function errorBarSeries(points: readonly SpreadPoint[], index: number) {
	const bars = points.filter(({ xSpread, ySpread }) => xSpread !== undefined || ySpread !== undefined);
	const data = bars.map(({ x, y, xSpread = 0, ySpread = 0 }) => {
		return [x, x - xSpread, x + xSpread, y, y - ySpread, y + ySpread] as const;
	});
	return {
		type: "custom",
		data,
		encode: { x: [0, 1, 2], y: [3, 4, 5] },
		clip: true,
		silent: true,
		renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => {
			const [x, left, right, y, bottom, top] = data[dataIndex]!;
			const style = { stroke: seriesStyle(index).colour, lineWidth: 1, opacity: 0.7 };
			const line = (from: [number, number], to: [number, number]) => {
				const [[x1, y1], [x2, y2]] = [api.coord(from), api.coord(to)];
				return { type: "line", shape: { x1, y1, x2, y2 }, style };
			};
			return { type: "group", children: [line([left, y], [right, y]), line([x, bottom], [x, top])] };
		},
	};
}
