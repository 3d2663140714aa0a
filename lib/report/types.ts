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
	marks?: Mark[];
}

/** A single point of interest, such as an optimum: a star with its name beside it. */
export interface Mark extends Point {
	name: string;
}

export interface TrajectoryChart extends ChartText {
	x: Axis;
	y: Axis;
	/** Paths of one series share a colour and a legend entry; `label` stands beside the last point, `spread` around it. */
	paths: { series: string; label?: string; points: readonly Point[]; spread?: Point }[];
	/** Drawn as a dashed line in the order of x. */
	front?: { name: string; points: readonly Point[] };
	marks?: Mark[];
}

export interface SpreadPoint extends Point {
	/** Stands beside the point. */
	label?: string;
	/** Half of the spread along each axis, such as one standard deviation. */
	xSpread?: number;
	ySpread?: number;
}

export interface FrontChart extends ChartText {
	x: Axis;
	y: Axis;
	/** Points of a series are joined in the order given. */
	series: { name: string; points: readonly SpreadPoint[] }[];
	front?: TrajectoryChart["front"];
	marks?: TrajectoryChart["marks"];
}

export interface BarChart extends ChartText {
	value: Axis;
	bars: { name: string; value: number }[];
	/** Name of the bar that the others are compared with: each is labelled with its ratio to it. */
	baseline?: string;
}
