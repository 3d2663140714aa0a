import type { Axis, Point } from "./types.js";

/**
 * Leaves out points that would lie within 1/400 of the drawing's size of the last one kept; first and last stay.
 * A path of 20,000 steps becomes at most some hundred points that look the same.
 */
export function thin(points: readonly Point[], axes: { x: Axis; y: Axis }): Point[] {
	const position = ({ x, y }: Point) => [axes.x.log ? Math.log(x) : x, axes.y.log ? Math.log(y) : y] as const;
	const places = points.map(position);
	const span = (axis: 0 | 1) => {
		let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
		for (const place of places) [low, high] = [Math.min(low, place[axis]), Math.max(high, place[axis])];
		return high - low || 1;
	};
	const [width, height] = [span(0), span(1)];
	let kept = places[0];
	return points.filter((_, index) => {
		const [place, last] = [places[index]!, kept!];
		const near = Math.hypot((place[0] - last[0]) / width, (place[1] - last[1]) / height) < 1 / 400;
		if (near && index > 0 && index < points.length - 1) return false;
		kept = place;
		return true;
	});
}
