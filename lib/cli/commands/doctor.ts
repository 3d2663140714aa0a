import { type Diagnosis, diagnose } from "../../native/diagnose.js";
import { bytes } from "../render/format.js";
import { paint } from "../render/paint.js";
import { defineCommand } from "./define.js";

export const doctor = defineCommand({
	command: "doctor",
	describe: "Say what is installed, every place looked at, and the command that fixes what is missing",
	options: { json: { type: "boolean", default: false, describe: "Print the report as JSON on stdout" } },
	examples: [["$0 doctor", "exit code 0: ready to train; 3: something is missing"]],
	run: async ({ json }) => {
		const diagnosis = await diagnose();
		process.stdout.write(json ? `${JSON.stringify(diagnosis, null, "\t")}\n` : `${render(diagnosis)}\n`);
		return diagnosis.ready ? 0 : 3;
	},
});

/** The report for people. */
export function render(found: Diagnosis): string {
	const { system, cpu, gpu, libtorch, addon, core } = found;
	const tools = found.tools.map((tool) => `${tool.name} ${tool.version ?? "missing"}`).join(", ");
	const lines = [
		row("xright-native", found.package),
		row(
			"node",
			`${system.node}, glibc ${system.glibc ?? "none"}, Linux ${system.kernel}, ${bytes(system.memory)} memory`,
		),
		row("cpu", `${cpu.model}, ${cpu.threads} threads`),
		row("", `${featureText(cpu.features)}${core.kernels.length > 0 ? `; kernels: ${core.kernels.join(", ")}` : ""}`),
		row("gpu", gpu.devices.length > 0 ? gpu.devices.join("; ") : `none (${gpu.absence})`),
		...(core.cudaDevices.length > 0 ? [row("", `LibTorch sees: ${core.cudaDevices.join(", ")}`)] : []),
		row(
			"LibTorch",
			libtorch.version === null
				? bad(`${libtorch.needed} not found`)
				: `${libtorch.version}${libtorch.cuda ? " with CUDA" : ""}`,
		),
		...libtorch.places.map((place) => row("", placeText(`${place.source} ${place.path}`.trim(), place.failure))),
		row("addon", addon.path === null ? bad("not loaded") : `${addon.version}, built against LibTorch ${addon.torch}`),
		...addon.places.map((place) => row("", placeText(place.path, place.failure))),
		...(core.models.length > 0
			? [row("", `models: ${core.models.join(", ")}; objectives: ${core.objectives.join(", ")}`)]
			: []),
		row("build tools", tools),
		...found.disk.map((disk, index) => row(index === 0 ? "disk" : "", `${bytes(disk.free)} free at ${disk.path}`)),
		"",
		...found.problems.map((problem) => bad(problem)),
		found.ready ? good("ready to train") : bad("not ready"),
	];
	if (found.fix !== null) lines.push(`fix: ${found.fix}`);
	return lines.join("\n");
}

function featureText(features: string[]): string {
	const has = (name: string) => (features.includes(name) ? "yes" : "no");
	return `AVX2 ${has("avx2")}, AVX-512 ${has("avx512f")}, AVX-512 bfloat16 ${has("avx512_bf16")}, AMX ${has("amx_bf16")}`;
}

function row(label: string, text: string): string {
	return `${label.padEnd(14)}${text}`;
}

function placeText(path: string, failure: string | undefined): string {
	return failure === undefined ? good(path) : `– ${path}: ${failure}`;
}

function good(text: string): string {
	return `${paint("green", "✓", process.stdout)} ${text}`;
}

function bad(text: string): string {
	return `${paint("red", "✗", process.stdout)} ${text}`;
}
