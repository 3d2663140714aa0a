// Runs one scenario of addon-process.test.ts in a process or worker of its own: plain JavaScript on the bare addon.
import { once } from "node:events";
import { createRequire } from "node:module";
import { setImmediate, setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const { scenario, addonPath, core, lib, text, spec } = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const addon = createRequire(import.meta.url)(addonPath);

const endless = { prompt: Int32Array.of(1, 2), tokens: 1e9, temperature: 0, topP: 1, seed: 1, stop: [] };
const short = { ...endless, tokens: 3 };
const paths = { lib, core, cuda: false };

async function openModel(dtype = spec.dtype) {
	await addon.loadLibtorch(paths);
	const session = new addon.Session();
	await session.load({ ...spec, dtype });
	return session;
}

async function failure(work) {
	try {
		await work();
	} catch ({ code, message, hint, detail }) {
		return { code, message, hint, detail };
	}
	return "no failure";
}

function startWorker(name) {
	return new Worker(fileURLToPath(import.meta.url), { workerData: { ...workerDataOf(name) } });
}

function workerDataOf(name) {
	return { scenario: name, addonPath, core, lib, text, spec };
}

const scenarios = {
	/** What is said before and while LibTorch cannot be loaded, then that a right path still works. */
	async loadFailures() {
		const results = {
			early: await failure(() => new addon.Session()),
			models: addon.models(),
			cpu: addon.cpuFeatures(),
			missing: await failure(() => addon.loadLibtorch({ ...paths, lib: `${lib}/nowhere` })),
			coreMissing: await failure(() => addon.loadLibtorch({ ...paths, core: `${core}.nowhere` })),
			coreText: await failure(() => addon.loadLibtorch({ ...paths, core: text })),
			coreForeign: await failure(() => addon.loadLibtorch({ ...paths, core: `${lib}/libc10.so` })),
			shape: await failure(() => addon.loadLibtorch({ lib })),
		};
		const all = await Promise.all([addon.loadLibtorch(paths), addon.loadLibtorch(paths)]);
		const other = await failure(() => addon.loadLibtorch({ ...paths, lib: `${lib}/other` }));
		return { ...results, other, loaded: all.map(({ torch }) => torch), after: addon.models() };
	},

	async generate() {
		const session = await openModel();
		const tokens = await session.generate(short);
		await session.dispose();
		return [...tokens];
	},

	/** Left without dispose, so that the environment's teardown has a model to free. */
	async leave() {
		const session = await openModel();
		return [...(await session.generate(short))];
	},

	async exitWhileRunning() {
		const session = await openModel("bfloat16"); // oneDNN's products, whose singletons die at exit
		void session.generate(endless);
		await setTimeout(100);
		process.exit(7);
	},

	async collect() {
		await openModel();
		for (let round = 0; round < 5; round++) {
			globalThis.gc();
			await setImmediate();
		}
		const session = await openModel();
		return [...(await session.generate(short))];
	},

	async workers() {
		const names = ["generate", "leave", "generate"];
		const results = await Promise.all(
			names.map(async (name) => {
				const worker = startWorker(name);
				const exit = once(worker, "exit");
				const [message] = await once(worker, "message");
				return { message, exit: (await exit)[0] };
			}),
		);
		return results;
	},

	async endlessWorker() {
		const session = await openModel();
		const call = session.generate(endless);
		parentPort.postMessage("running");
		await call;
	},

	async terminate() {
		for (let round = 0; round < 3; round++) {
			const worker = startWorker("endlessWorker");
			await once(worker, "message");
			await worker.terminate();
		}
		return scenarios.generate();
	},
};

const result = await scenarios[scenario]();
if (isMainThread) process.stdout.write(JSON.stringify(result ?? null));
else parentPort.postMessage(result ?? null);
