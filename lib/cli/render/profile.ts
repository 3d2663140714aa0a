import type { RunProfile } from "../../train/events.js";
import { table } from "./format.js";

/** Native time by op, with its share of the whole and the speed of its products. */
export function profileTable({ seconds, ops }: RunProfile): string {
	const share = (part: number) => `${((part / seconds) * 100).toFixed(1)} %`;
	const inside = ops.reduce((sum, row) => sum + row.seconds, 0);
	const lines = ops.map((row) => [
		`${row.op}, ${row.pass}`,
		String(row.calls),
		row.seconds.toFixed(2),
		share(row.seconds),
		row.flops > 0 ? (row.flops / row.seconds / 1e12).toFixed(3) : "",
	]);
	const rest = ["everything else", "", (seconds - inside).toFixed(2), share(seconds - inside), ""];
	return table([["op", "calls", "seconds", "share", "TFLOP/s"], ...lines, rest]);
}
