import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

const signals = new URL("../../dist/cli/signals.js", import.meta.url).href;

/** A process whose work ends on abort, or never; `kill` sends it signals once it listens. */
async function started(endsOnAbort: boolean) {
	const script = `
		import { withSignals } from ${JSON.stringify(signals)};
		const alive = setInterval(() => {}, 1000);
		const work = (signal) => new Promise((resolve) => {
			if (${endsOnAbort}) signal.addEventListener("abort", () => resolve(0));
			console.log("working");
		});
		process.exitCode = await withSignals(work, () => console.log("stopping"));
		clearInterval(alive);`;
	const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
	const exit = once(child, "exit");
	await once(child.stdout, "data");
	return { child, exit };
}

test.each([
	["SIGINT", 130],
	["SIGTERM", 143],
] as const)("the first %s lets the work end and gives exit code %d", async (signal, code) => {
	const { child, exit } = await started(true);
	child.kill(signal);
	expect(await exit).toEqual([code, null]);
});

test.each(["SIGINT", "SIGTERM"] as const)("the second %s ends the process at once", async (signal) => {
	const { child, exit } = await started(false);
	child.kill(signal);
	await once(child.stdout, "data");
	child.kill(signal);
	expect(await exit).toEqual([null, signal]);
});
