import { XrightError } from "../errors.js";
import { hasNvidiaDriver } from "../files/nvidia.js";
import { type LoadedAddon, loadAddon } from "./addon.js";
import type {
	Batch,
	GenerateSpec,
	LoadSpec,
	MemoryStats,
	ModelInfo,
	NativeSession,
	Part,
	PartResult,
	ProfileRow,
	ScoreResult,
	StateKind,
	UpdateInfo,
	UpdateSpec,
	Weights,
} from "./binding.js";
import { findLibTorch } from "./libtorch/find.js";
import type { Env } from "./libtorch/layout.js";

export interface OpenOptions {
	/** `auto`, `cpu`, `cuda` or `cuda:N`; CUDA's libraries are only loaded for the latter. Default `cpu`. */
	device?: string;
	/** Aborts the running call and refuses later ones. */
	signal?: AbortSignal;
	env?: Env;
}

/** What LibTorch is loaded in this process. */
export interface Runtime {
	torch: string;
	folder: string;
	cudaDevices: string[];
}

/** `null` runs the call even after the session's own signal was aborted, to save what there is. */
type CallSignal = AbortSignal | null | undefined;

/**
 * One model on its own native thread. Calls run in the order they were made. An aborted signal interrupts the running
 * call at its next layer; the call rejects with the signal's reason. The trailing `signal` replaces the session's.
 */
export class Session implements NativeSession, AsyncDisposable {
	readonly runtime: Runtime;
	readonly #native: NativeSession;
	readonly #signal: AbortSignal | undefined;
	#last: Promise<unknown> = Promise.resolve();

	constructor(native: NativeSession, runtime: Runtime, signal?: AbortSignal) {
		this.#native = native;
		this.runtime = runtime;
		this.#signal = signal;
	}

	load(spec: LoadSpec, signal?: CallSignal): Promise<ModelInfo> {
		return this.#run((native) => native.load(spec), signal);
	}

	evaluate(parts: Part[], signal?: CallSignal): Promise<PartResult[]> {
		return this.#run((native) => native.evaluate(parts), signal);
	}

	accumulate(parts: Part[], step: number, signal?: CallSignal): Promise<PartResult[]> {
		return this.#run((native) => native.accumulate(parts, step), signal);
	}

	update(spec: UpdateSpec, signal?: CallSignal): Promise<UpdateInfo> {
		return this.#run((native) => native.update(spec), signal);
	}

	score(batch: Batch, policy: "current" | "reference", signal?: CallSignal): Promise<ScoreResult> {
		return this.#run((native) => native.score(batch, policy), signal);
	}

	snapshotReference(signal?: CallSignal): Promise<void> {
		return this.#run((native) => native.snapshotReference(), signal);
	}

	generate(spec: GenerateSpec, signal?: CallSignal): Promise<Int32Array> {
		return this.#run((native) => native.generate(spec), signal);
	}

	save(kind: StateKind, path: string, signal?: CallSignal): Promise<number> {
		return this.#run((native) => native.save(kind, path), signal);
	}

	restore(kind: StateKind, weights: Weights, signal?: CallSignal): Promise<void> {
		return this.#run((native) => native.restore(kind, weights), signal);
	}

	zeroGrad(signal?: CallSignal): Promise<void> {
		return this.#run((native) => native.zeroGrad(), signal);
	}

	profile(on: boolean, signal?: CallSignal): Promise<ProfileRow[]> {
		return this.#run((native) => native.profile(on), signal);
	}

	memory(): MemoryStats {
		return this.#native.memory();
	}

	interrupt(): void {
		this.#native.interrupt();
	}

	/** Waits for the running call, frees everything; calls that have not started reject with DISPOSED. Idempotent. */
	dispose(): Promise<void> {
		return this.#native.dispose();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.dispose();
	}

	/** Starts `call` once the calls before it have settled, so that an interrupt can only hit the call it is meant for. */
	#run<T>(call: (native: NativeSession) => Promise<T>, own: CallSignal): Promise<T> {
		const signal = own === undefined ? this.#signal : (own ?? undefined);
		const result = this.#last.then(() => interruptible(this.#native, call, signal));
		this.#last = result.catch(() => {});
		return result;
	}
}

async function interruptible<T>(
	native: NativeSession,
	call: (native: NativeSession) => Promise<T>,
	signal: AbortSignal | undefined,
): Promise<T> {
	signal?.throwIfAborted();
	const interrupt = () => native.interrupt();
	signal?.addEventListener("abort", interrupt, { once: true });
	try {
		return await call(native);
	} catch (error) {
		if (signal?.aborted && error instanceof XrightError && error.code === "ABORTED") throw signal.reason;
		throw error;
	} finally {
		signal?.removeEventListener("abort", interrupt);
	}
}

/**
 * Loads the addon, LibTorch and the core (each once per process) and starts a session.
 * @throws XrightError ADDON_MISSING, LIBTORCH_MISSING, LIBTORCH_VERSION, DEVICE
 */
export async function openSession(options: OpenOptions = {}): Promise<Session> {
	const { device = "cpu", signal, env = process.env } = options;
	signal?.throwIfAborted();
	const loaded = loadAddon(env);
	const runtime = await loadRuntime(loaded, device, env);
	return new Session(new loaded.addon.Session(), runtime, signal);
}

/** Loads LibTorch and the core into the process; a second call only adds CUDA when it is asked for. */
export async function loadRuntime({ addon, core }: LoadedAddon, device: string, env: Env): Promise<Runtime> {
	const wantsCuda = device.startsWith("cuda") || (device === "auto" && hasNvidiaDriver());
	const libtorch = await findLibTorch({ env, cuda: wantsCuda });
	if (device.startsWith("cuda") && !libtorch.cuda) {
		throw new XrightError("DEVICE", `${libtorch.torch} has no CUDA libraries, but the device is ${device}`, {
			hint: "Run: npx xright-native setup --device cuda",
		});
	}
	const cuda = wantsCuda && libtorch.cuda;
	const { torch, cudaDevices } = await addon.loadLibtorch({ lib: libtorch.lib, core, cuda });
	return { torch, cudaDevices, folder: libtorch.torch };
}
