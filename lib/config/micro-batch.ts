import { hasNvidiaDriver } from "../files/nvidia.js";

/**
 * Tokens run at once where the configuration leaves them open. Two CPU cores are as fast with 768 as with 4096, which
 * take five times the memory (docs/performance.md); a GPU needs more to be busy.
 */
export function defaultMicroBatchTokens(device: string): number {
	const cpu = device === "cpu" || (device === "auto" && !hasNvidiaDriver());
	return cpu ? 768 : 4096;
}
