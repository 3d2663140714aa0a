import { execFile } from "node:child_process";
import { promisify } from "node:util";

const INTERVAL = 2000;

/** Samples how busy a GPU is while it runs, through the driver's own tool. */
export class GpuMonitor {
	readonly #samples: number[] = [];
	readonly #timer: NodeJS.Timeout | null;

	/** `device` is LibTorch's name; anything but CUDA is not sampled. */
	constructor(device: string) {
		const index = /^cuda(?::(\d+))?$/.exec(device);
		this.#timer = index ? setInterval(() => void this.#sample(index[1] ?? "0"), INTERVAL) : null;
		this.#timer?.unref();
	}

	/** Stops; median of the samples in percent, null when there is none. */
	stop(): number | null {
		if (this.#timer) clearInterval(this.#timer);
		const sorted = this.#samples.toSorted((a, b) => a - b);
		return sorted[Math.floor(sorted.length / 2)] ?? null;
	}

	async #sample(index: string): Promise<void> {
		const query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-i", index];
		const result = await promisify(execFile)("nvidia-smi", query).catch(() => null);
		const value = Number.parseFloat(result?.stdout ?? "");
		if (Number.isFinite(value)) this.#samples.push(value);
	}
}
