import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunConfigInput } from "../../lib/config/schema.js";

/** A two-layer Llama with random weights (test/fixtures/parity). */
export const tinyModel = fileURLToPath(new URL("../fixtures/parity/gqa-untied", import.meta.url));

/** A folder with small data files, removed at the end; the data cache is in it too. */
export interface Workspace {
	folder: string;
	env: NodeJS.ProcessEnv;
	/** A short run on the tiny model; `train` and `rest` replace keys. */
	config(rest?: Partial<RunConfigInput>, train?: RunConfigInput["train"]): RunConfigInput;
	remove(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
	const folder = await mkdtemp(join(tmpdir(), "xright-run-"));
	const write = (name: string, rows: object[]) =>
		writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
	const range = (count: number, offset = 0) => Array.from({ length: count }, (_, index) => index + offset);
	const pair = (i: number) => ({
		prompt: `Question ${i}?`,
		chosen: ` good ${(i * 7) % 5}`,
		rejected: ` bad answer ${i}`,
	});
	const example = (i: number) => ({ prompt: `Say ${i}:`, completion: ` text ${(i * 3) % 7} and more` });
	await write("pairs.jsonl", range(11).map(pair));
	await write("pairs-test.jsonl", range(3, 100).map(pair));
	await write("sft.jsonl", range(17).map(example));
	await write("sft-test.jsonl", range(4, 100).map(example));
	return {
		folder,
		env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
		config: (rest = {}, train = {}) => ({
			model: { path: tinyModel, dtype: "float32" },
			adapter: { type: "lora", rank: 4, alpha: 8, dropout: 0.1 },
			data: {
				preference: { path: join(folder, "pairs.jsonl"), evaluation: { path: join(folder, "pairs-test.jsonl") } },
				sft: { path: join(folder, "sft.jsonl"), evaluation: { path: join(folder, "sft-test.jsonl") } },
			},
			strategy: { name: "alright", lambda: 0.5 },
			train: {
				steps: 12,
				batch: { preference: 3, sft: 4 },
				microBatchTokens: 64,
				optimizer: { lr: 2e-3 },
				...train,
			},
			evaluation: { every: 4 },
			checkpoint: { every: 3 },
			device: "cpu",
			threads: 1,
			output: join(folder, "run"),
			...rest,
		}),
		remove: () => rm(folder, { recursive: true, force: true }),
	};
}

/** metrics.jsonl without the time each step took, which is never the same twice. */
export async function untimedMetrics(output: string): Promise<string> {
	return (await readFile(join(output, "metrics.jsonl"), "utf8")).replace(/"seconds":[^,}]+/g, '"seconds":0');
}

export async function metricRows(output: string): Promise<Record<string, unknown>[]> {
	const text = await readFile(join(output, "metrics.jsonl"), "utf8");
	return text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
}
