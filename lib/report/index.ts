/** Charts as SVG text from plain data; writing files is the caller's business. */
export { barChart } from "./bar-chart.js";
export { frontChart } from "./front-chart.js";
export { lineChart } from "./line-chart.js";
export { trajectoryChart } from "./trajectory-chart.js";
export type { Axis, BarChart, FrontChart, LineChart, LinePoint, Point, SpreadPoint, TrajectoryChart } from "./types.js";
