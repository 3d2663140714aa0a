import { readFileSync } from "node:fs";
import { type AddonPlace, searchAddon } from "./addon.js";
import { type Place, searchLibTorch } from "./libtorch/find.js";
import { cacheRoot, type Env } from "./libtorch/layout.js";
import { pins } from "./libtorch/pins.js";
import {
	type CpuReport,
	freeSpace,
	type GpuReport,
	readCpu,
	readGpus,
	readSystem,
	readTools,
	type Tool,
} from "./machine.js";
import { loadRuntime } from "./session.js";

export interface Diagnosis {
	ready: boolean;
	/** What is wrong, most basic first. */
	problems: string[];
	/** The one command that fixes the first problem. */
	fix: string | null;
	package: string;
	system: ReturnType<typeof readSystem>;
	cpu: CpuReport;
	gpu: GpuReport;
	libtorch: { needed: string; version: string | null; folder: string | null; cuda: boolean; places: Place[] };
	addon: { path: string | null; version: string | null; torch: string | null; places: AddonPlace[] };
	/** Of the loaded core; empty when it could not be loaded. */
	core: { kernels: string[]; models: string[]; objectives: string[]; cudaDevices: string[] };
	tools: Tool[];
	/** Free bytes by folder. */
	disk: { path: string; free: number }[];
}

/** Looks everywhere, loads what is there, and says what is wrong. Changes nothing. */
export async function diagnose(env: Env = process.env, cwd = process.cwd()): Promise<Diagnosis> {
	const [gpu, tools] = await Promise.all([readGpus(env), readTools(env)]);
	const search = await searchLibTorch({ env });
	const { loaded, places } = searchAddon(env);
	const core: Diagnosis["core"] = { kernels: [], models: [], objectives: [], cudaDevices: [] };
	const issues: Issue[] = [];
	if (!search.found) issues.push(libtorchIssue(search.places));
	if (!loaded) issues.push(addonIssue(places, tools, search.found !== null));
	if (search.found && loaded) {
		try {
			const runtime = await loadRuntime(loaded, "auto", env);
			const { addon } = loaded;
			Object.assign(core, { kernels: addon.cpuFeatures(), models: addon.models(), objectives: addon.objectives() });
			core.cudaDevices = runtime.cudaDevices;
		} catch (error) {
			issues.push({ problem: (error as Error).message, fix: "npm ci" });
		}
	}
	if (gpu.devices.length > 0 && search.found && !search.found.cuda) {
		issues.push({
			problem: "There is a GPU, but this LibTorch has no CUDA",
			fix: "npx xright-native setup --device cuda",
			mild: true,
		});
	}
	const folders = [cacheRoot(env), cwd];
	return {
		ready: issues.every((issue) => issue.mild),
		problems: issues.map((issue) => issue.problem),
		fix: issues[0]?.fix ?? null,
		package: packageVersion(),
		system: readSystem(),
		cpu: readCpu(),
		gpu,
		libtorch: {
			needed: pins.version,
			version: search.found?.version ?? null,
			folder: search.found?.torch ?? null,
			cuda: search.found?.cuda ?? false,
			places: search.places,
		},
		addon: {
			path: loaded?.path ?? null,
			version: loaded?.addon.build.version ?? null,
			torch: loaded?.addon.build.torch ?? null,
			places,
		},
		core,
		tools,
		disk: await Promise.all(folders.map(async (path) => ({ path, free: await freeSpace(path) }))),
	};
}

interface Issue {
	problem: string;
	fix: string;
	/** Training works all the same. */
	mild?: boolean;
}

function libtorchIssue(places: Place[]): Issue {
	const given = places[0];
	if (given && given.path !== "") return { problem: `XRIGHT_LIBTORCH: ${given.failure}`, fix: "unset XRIGHT_LIBTORCH" };
	return { problem: `LibTorch ${pins.version} is missing`, fix: "npx xright-native setup" };
}

function addonIssue(places: AddonPlace[], tools: Tool[], hasLibTorch: boolean): Issue {
	const lacking = tools.filter((tool) => ["c++", "cmake"].includes(tool.name) && tool.version === null);
	const isBuilt = places.some((place) => place.failure !== "does not exist");
	const problem = isBuilt ? `The native addon does not load: ${places[0]?.failure}` : "The native addon is not built";
	if (lacking.length > 0) {
		const names = lacking.map((tool) => tool.name).join(" and ");
		return { problem: `${problem}; to build it ${names} is missing`, fix: "apt-get install g++ cmake ninja-build" };
	}
	return { problem, fix: hasLibTorch ? "npm run build:native" : "npm ci" };
}

function packageVersion(): string {
	return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
		.version;
}
