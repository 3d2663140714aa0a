import { XrightError } from "../../errors.js";
import { hasNvidiaDriver } from "../../files/nvidia.js";
import { searchAddon } from "../../native/addon.js";
import { fetchLibTorch } from "../../native/libtorch/fetch.js";
import { findLibTorch, searchLibTorch } from "../../native/libtorch/find.js";
import type { LibTorch } from "../../native/libtorch/verify.js";
import { ProgressLine } from "../progress.js";
import { paint } from "../render/paint.js";
import { withSignals } from "../signals.js";
import { defineCommand } from "./define.js";

const devices = ["auto", "cpu", "cuda"] as const;

export const setup = defineCommand({
	command: "setup",
	describe: "Find LibTorch, or fetch it into the cache (can be interrupted and run again)",
	options: {
		device: { choices: devices, default: "auto" as const, describe: "Libraries for: auto = CUDA if there is a driver" },
		json: { type: "boolean", default: false, describe: "Print the result as JSON on stdout" },
	},
	examples: [
		["$0 setup", "once per machine; all checkouts share the cache"],
		["$0 setup --device cuda", "fetch the CUDA libraries on a machine without a GPU"],
		["XRIGHT_LIBTORCH=/path/to/torch $0 setup", "check a LibTorch of your own"],
	],
	run: async ({ device, json }) => {
		const progress = new ProgressLine(process.stderr);
		const notice = () => process.stderr.write("\nstopped; run the same command to continue\n");
		return withSignals(async (signal) => {
			try {
				const { libtorch, fetched } = await ensure(device, signal, progress);
				progress.end();
				const addon = searchAddon().loaded?.path ?? null;
				if (json) process.stdout.write(`${JSON.stringify({ ...libtorch, fetched, addon })}\n`);
				else process.stdout.write(`${summary(libtorch, fetched, addon)}\n`);
				return 0;
			} finally {
				progress.end();
			}
		}, notice);
	},
});

async function ensure(device: string, signal: AbortSignal, progress: ProgressLine) {
	const cuda = device === "auto" ? hasNvidiaDriver() : device === "cuda";
	const { found } = await searchLibTorch({ cuda });
	if (found && (found.cuda || !cuda)) return { libtorch: found, fetched: false };
	if (process.env.XRIGHT_LIBTORCH) {
		const own = await findLibTorch({ cuda });
		throw new XrightError("LIBTORCH_MISSING", `XRIGHT_LIBTORCH (${own.torch}) has no CUDA libraries`, {
			hint: "Unset XRIGHT_LIBTORCH to have them fetched, or use --device cpu",
		});
	}
	return { libtorch: await fetchLibTorch({ cuda, signal, progress: (state) => progress.show(state) }), fetched: true };
}

function summary(libtorch: LibTorch, fetched: boolean, addon: string | null): string {
	const kind = libtorch.cuda ? "with CUDA" : "for the CPU";
	const lines = [`LibTorch ${libtorch.version} ${kind} ${fetched ? "fetched into" : "found in"} ${libtorch.torch}`];
	if (addon === null)
		lines.push(`${paint("yellow", "The native addon is not built yet.", process.stdout)} Run: npm ci`);
	else lines.push("Ready. Next: xright-native run examples/quickstart.json");
	return lines.join("\n");
}
