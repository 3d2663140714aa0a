import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { ProgressLine } from "../../lib/cli/progress.js";

function capture(isTTY: boolean) {
	let text = "";
	const stream = new Writable({
		write(chunk, _encoding, callback) {
			text += chunk;
			callback();
		},
	});
	return { stream: Object.assign(stream, { isTTY, columns: 100 }) as unknown as NodeJS.WriteStream, text: () => text };
}

const half = { phase: "download", what: "torch", bytes: 1 << 20, total: 2 << 20 } as const;

describe("ProgressLine", () => {
	it("prints one plain line per phase off a terminal, without control characters", () => {
		const { stream, text } = capture(false);
		const line = new ProgressLine(stream);
		for (let step = 0; step < 50; step++) line.show(half);
		line.show({ phase: "unpack", what: "torch", bytes: 0, total: null });
		line.end();
		expect(text()).toBe("downloading torch  50 %  1.0 MiB of 2.0 MiB\nunpacking torch\n");
	});

	it("redraws a bar on a terminal and removes it", () => {
		const { stream, text } = capture(true);
		const line = new ProgressLine(stream);
		line.show(half);
		line.end();
		expect(text()).toContain(`[${"█".repeat(12)}${"░".repeat(12)}]  downloading torch  50 %`);
		expect(text()).not.toContain("\n");
		expect(text().endsWith("\r\x1b[2K")).toBe(true);
	});
});
