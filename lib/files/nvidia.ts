import { existsSync } from "node:fs";

/** True where the NVIDIA kernel driver is loaded: where CUDA libraries are worth fetching, and "auto" means a GPU. */
export function hasNvidiaDriver(): boolean {
	return existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidiactl");
}
