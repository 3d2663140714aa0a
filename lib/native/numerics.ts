import { availableParallelism } from "node:os";
import { loadAddon } from "./addon.js";
import type { Env } from "./libtorch/layout.js";
import { readCpu, readGpus } from "./machine.js";
import { loadRuntime } from "./session.js";

/** The device a configuration's `device` means, given LibTorch's CUDA devices. */
export function chooseDevice(device: string, cudaDevices: readonly string[]): string {
	if (device !== "auto") return device;
	return cudaDevices.length > 0 ? "cuda:0" : "cpu";
}

/** All of this machine that the last bits of a result can depend on, as text. `threads` 0 = as many as there are cores. */
export async function describeNumerics(device: string, threads: number, env: Env): Promise<string> {
	const loaded = loadAddon(env);
	const { torch, cudaDevices } = await loadRuntime(loaded, device, env);
	const { version } = loaded.addon.build;
	const chosen = chooseDevice(device, cudaDevices);
	const cpu = { model: readCpu().model, isa: loaded.addon.cpuFeatures()[0] ?? null };
	const machine = chosen === "cpu" ? cpu : { chosen, ...(await readGpus(env)) };
	return JSON.stringify({ version, torch, threads, cores: availableParallelism(), machine });
}
