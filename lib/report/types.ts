/** Plain data of the charts. All texts are shown as they are; markup in them is escaped. */

export interface Point {
	x: number;
	y: number;
}

export interface Axis {
	label: string;
	/** Logarithmic; values ≤ 0 cannot be shown and are left out. */
	log?: boolean;
	min?: number;
	max?: number;
}

export interface ChartText {
	title: string;
	/** One line under the title, such as what a band means. */
	note?: string;
	/** What the chart shows, in words, for those who cannot see it. */
	description: string;
}

export interface LinePoint extends Point {
	/** Ends of the spread at this x, such as mean ± one standard deviation. */
	low?: number;
	high?: number;
}

export interface LineChart extends ChartText {
	x: Axis;
	y: Axis;
	lines: { name: string; points: readonly LinePoint[]; dashed?: boolean }[];
}

export interface TrajectoryChart extends ChartText {
	x: Axis;
	y: Axis;
	/** Paths of one series share a colour and a legend entry; `label` stands beside the last point. */
	paths: { series: string; label?: string; points: readonly Point[] }[];
	/** Drawn as a dashed line in the order of x. */
	front?: { name: string; points: readonly Point[] };
	/** Single points of interest, such as an optimum. */
	marks?: { name: string; x: number; y: number }[];
}

export interface BarChart extends ChartText {
	value: Axis;
	bars: { name: string; value: number }[];
	/** Name of the bar that the others are compared with: each is labelled with its ratio to it. */
	baseline?: string;
}
