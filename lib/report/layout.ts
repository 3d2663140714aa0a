import { legendWidth, width } from "./render.js";
import { colours } from "./theme.js";

/** The drawing area, left of the legend. */
export const gridOption = { left: 76, top: 76, bottom: 56, right: legendWidth };

/** A legend in a column on the right. */
export function legendOption(names: string[]) {
	return {
		data: names,
		orient: "vertical",
		align: "left",
		left: width - legendWidth + 16,
		top: gridOption.top,
		itemGap: 10,
		textStyle: { color: colours.ink, width: legendWidth - 66, overflow: "break" },
	};
}
