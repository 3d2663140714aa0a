import { execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { XrightError } from "../errors.js";
import type { Job, Measurement, Product, Runner } from "./types.js";
import type { Answer } from "./workers/answer.js";

/** Peers by runner: their script in bench/peers, and the Python module without which it cannot run. */
export const peers = {
	trl: { script: "trl_trainer.py", module: "trl" },
	torch: { script: "torch_loop.py", module: "peft" },
	"llama.cpp": { script: "llama_cpp_finetune.py", module: "llama_cpp" },
} as const;

export type Peer = keyof typeof peers;

export function isPeer(runner: Runner): runner is Peer {
	return runner in peers;
}

const scripts = new URL("../../bench/peers/", import.meta.url);

export interface MeasureOptions {
	python: string;
	/** Environment of the peers; ours is this process's. */
	peerEnv: NodeJS.ProcessEnv;
	signal: AbortSignal;
}

/** Runs one contender in a process of its own. Throws INTERNAL with the end of its output when it fails, and ABORTED. */
export async function measure(runner: Runner, job: Job, options: MeasureOptions): Promise<Measurement> {
	if (isPeer(runner)) return (await python(peers[runner].script, job, options)) as Measurement;
	return worker(runner, job, options.signal);
}

/** Floating-point operations a second of bfloat16 products of these shapes by the peer's `at::mm`. */
export async function measureProducts(
	products: Product[],
	tokens: number,
	threads: number,
	options: MeasureOptions,
): Promise<number> {
	const answer = await python("matmul_rate.py", { products, tokens, threads }, options);
	return (answer as { flops: number }).flops;
}

/** Which peers this Python has; none when it is not there. */
export async function findPeers(python: string): Promise<Peer[]> {
	const names = Object.keys(peers) as Peer[];
	const modules = names.map((name) => peers[name].module);
	const code = `import importlib.util as u, json; print(json.dumps([u.find_spec(m) is not None for m in ${JSON.stringify(modules)}]))`;
	const found = await promisify(execFile)(python, ["-c", code]).catch(() => ({ stdout: "[]" }));
	const present = JSON.parse(found.stdout) as boolean[];
	return names.filter((_, index) => present[index]);
}

async function worker(name: string, job: Job, signal: AbortSignal): Promise<Measurement> {
	const path = fileURLToPath(new URL(`./workers/${name}.js`, import.meta.url));
	const child = fork(path, [JSON.stringify(job)], { stdio: ["ignore", "ignore", "pipe", "ipc"], signal });
	let message: Answer | undefined;
	child.on("message", (value) => {
		message = value as Answer;
	});
	await finish(child, name, signal);
	if (message === undefined) throw new XrightError("INTERNAL", `the benchmark's ${name} process gave no answer`);
	if ("measurement" in message) return message.measurement;
	const { code, message: text, ...more } = message.error;
	throw new XrightError(code, text, more);
}

async function python(
	script: string,
	job: object,
	{ python: command, peerEnv: env, signal }: MeasureOptions,
): Promise<unknown> {
	const path = fileURLToPath(new URL(script, scripts));
	const input = JSON.stringify({ ...job, spawnedAt: Date.now() / 1000 });
	const child = spawn(command, [path, input], { stdio: ["ignore", "pipe", "pipe"], env, signal });
	const text = output(child);
	await finish(child, script, signal);
	const last = (await text).trim().split("\n").at(-1) ?? "";
	return JSON.parse(last);
}

type Child = ReturnType<typeof spawn>;

async function output(child: Child): Promise<string> {
	let text = "";
	for await (const piece of child.stdout ?? []) text += piece;
	return text;
}

/** Resolves when the process ended well. */
async function finish(child: Child, name: string, signal: AbortSignal): Promise<void> {
	let errors = "";
	child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
		errors = (errors + piece).slice(-4000);
	});
	try {
		const [code, killer] = await once(child, "close");
		if (code === 0) return;
		const how = code === null ? `was ended by ${killer}` : `ended with ${code}`;
		throw new XrightError("INTERNAL", `the benchmark's ${name} process ${how}: ${lastLine(errors)}`, {
			detail: errors,
		});
	} catch (error) {
		if (signal.aborted) throw new XrightError("ABORTED", "the benchmark was stopped", { cause: error });
		throw error;
	}
}

function lastLine(text: string): string {
	return text.trim().split("\n").at(-1) ?? "";
}
