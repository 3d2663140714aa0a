/** 83 → "1:23", 3700 → "1:01:40". */
export function duration(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
	const two = (value: number) => String(value).padStart(2, "0");
	return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 134515008 → "134.5M". */
export function short(count: number): string {
	for (const [size, letter] of [
		[1e9, "G"],
		[1e6, "M"],
		[1e3, "k"],
	] as const) {
		if (count >= size) return `${(count / size).toFixed(1)}${letter}`;
	}
	return String(Math.round(count));
}

/** 1536 × 2²⁰ → "1.5 GiB". */
export function bytes(count: number): string {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let value = count;
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A loss with four decimals; "–" when there is none. */
export function loss(value: number | string | null | undefined): string {
	return typeof value === "number" ? value.toFixed(4) : "–";
}

/** Rows as columns: the first column to the left, the others to the right. */
export function table(rows: string[][]): string {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
	const line = (row: string[]) =>
		row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  ");
	return rows.map((row) => line(row).trimEnd()).join("\n");
}

/** Text of a model or a data file, safe to print: control characters, which could steer a terminal, are shown. */
export function printable(text: string): string {
	return text.replace(/[^\P{Cc}\n\t]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
