/** y ≈ factor · xᵉˣᵖᵒⁿᵉⁿᵗ by least squares in log x and log y. All values must be positive. */
export function fitPowerLaw(points: readonly { x: number; y: number }[]): { exponent: number; factor: number } {
	const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)] as const);
	const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
	const [xMean, yMean] = [mean(0), mean(1)];
	const covariance = logs.reduce((sum, [x, y]) => sum + (x - xMean) * (y - yMean), 0);
	const variance = logs.reduce((sum, [x]) => sum + (x - xMean) ** 2, 0);
	const exponent = covariance / variance;
	return { exponent, factor: Math.exp(yMean - exponent * xMean) };
}
