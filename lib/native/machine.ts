import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { Env } from "./libtorch/layout.js";

export interface CpuReport {
	model: string;
	/** Logical processors this process may use. */
	threads: number;
	/** Of the instruction sets that matter for training, those the processor has. */
	features: string[];
}

export interface GpuReport {
	/** Version of the kernel driver; null without one. */
	driver: string | null;
	/** Name and memory, one line per device. */
	devices: string[];
	/** Why there are none. */
	absence?: string;
}

export interface Tool {
	name: string;
	/** null: not there. */
	version: string | null;
}

const wantedFlags = [
	"avx2",
	"fma",
	"avx512f",
	"avx512bw",
	"avx512_vnni",
	"avx512_bf16",
	"amx_tile",
	"amx_bf16",
	"amx_int8",
];

export function readCpu(file = "/proc/cpuinfo"): CpuReport {
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(" ") ?? []);
	return {
		model: /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? cpus()[0]?.model ?? "unknown",
		threads: availableParallelism(),
		features: wantedFlags.filter((flag) => flags.has(flag)),
	};
}

/** Asks nvidia-smi, else the driver's /proc entry. */
export async function readGpus(env: Env = process.env): Promise<GpuReport> {
	const driverFile = "/proc/driver/nvidia/version";
	const driver = existsSync(driverFile)
		? (/Module\s+([\d.]+)/.exec(readFileSync(driverFile, "utf8"))?.[1] ?? "unknown")
		: null;
	const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
	const answer = await ask("nvidia-smi", query, env);
	if (answer !== null) {
		const rows = answer.split("\n").map((line) => line.split(", "));
		return { driver: driver ?? rows[0]?.[2] ?? null, devices: rows.map(([name, memory]) => `${name}, ${memory}`) };
	}
	if (driver !== null)
		return { driver, devices: [], absence: "the NVIDIA driver is loaded, but nvidia-smi did not answer" };
	return { driver, devices: [], absence: "no NVIDIA driver and no nvidia-smi: training runs on the CPU" };
}

/** What `npm ci` compiles the native part with. */
export async function readTools(env: Env = process.env): Promise<Tool[]> {
	const tools: [string, string, string[]][] = [
		["c++", env.CXX || "c++", ["--version"]],
		["cmake", "cmake", ["--version"]],
		["ninja", "ninja", ["--version"]],
		["ccache", "ccache", ["--version"]],
		["python3", "python3", ["--version"]],
		["pip", "python3", ["-m", "pip", "--version"]],
	];
	return Promise.all(
		tools.map(async ([name, command, args]) => {
			const line = (await ask(command, args, env))?.split("\n")[0];
			return {
				name,
				version: line === undefined ? null : (/\d+(\.\d+)+/.exec(line.replace(/\(.*?\)/, ""))?.[0] ?? line),
			};
		}),
	);
}

export function glibcVersion(): string | null {
	const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
	return header.glibcVersionRuntime ?? null;
}

/** Free bytes on the disk that holds `path` or would hold it. */
export async function freeSpace(path: string): Promise<number> {
	let at = path;
	while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
	const { bavail, bsize } = await statfs(at);
	return bavail * bsize;
}

export function readSystem() {
	return { kernel: release(), node: process.versions.node, glibc: glibcVersion(), memory: totalmem() };
}

/** First output of a command, trimmed; null when it is missing, fails or hangs. */
async function ask(command: string, args: string[], env: Env): Promise<string | null> {
	try {
		const { stdout } = await promisify(execFile)(command, args, { env: env as NodeJS.ProcessEnv, timeout: 10_000 });
		return stdout.trim();
	} catch {
		return null;
	}
}
