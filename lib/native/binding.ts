/**
 * The whole native addon in one typed file. No tensor is ever visible here: token ids go in, a handful of numbers
 * come out. Calls are queued on the session's own thread in order; JavaScript never blocks on them.
 */

import type { ErrorCode, XrightErrorOptions } from "../errors.js";

/** One tensor inside one file of `Weights.files`; already validated against the file's size by `lib/model`. */
export interface TensorSource {
	/** Hugging Face name, for example `model.layers.0.self_attn.q_proj.weight`. */
	name: string;
	/** safetensors dtype (`F32`, `BF16`, `F16`, …) or GGML type (`Q4_1`, `Q8_0`, …). */
	dtype: string;
	/** Row-major shape, outermost first (GGUF's reversed order is already undone). */
	shape: number[];
	/** Index into `Weights.files`. */
	file: number;
	/** Absolute byte offset in that file. */
	offset: number;
	bytes: number;
	/** Rows were stored in llama.cpp's rotary order for this many heads and must be put back. */
	unpermuteHeads?: number;
}

export interface Weights {
	files: string[];
	tensors: TensorSource[];
}

export interface AdapterSpec {
	rank: number;
	alpha: number;
	/** Probability in [0, 1). */
	dropout: number;
	rsLora: boolean;
	/** Module names matched like PEFT (suffix of the dotted path), or every linear layer but the head. */
	targets: string[] | "all-linear";
	/** Seed of the initial A matrices. */
	seed: number;
	/** Adapter weights to continue from, under PEFT's names; absent = fresh (A Kaiming-uniform, B zero). */
	weights?: Weights;
}

export type Dtype = "float32" | "bfloat16";

export interface LoadSpec {
	/** Contents of Hugging Face's config.json; `model_type` selects the family. */
	config: Record<string, unknown>;
	dtype: Dtype;
	/** `cpu`, `cuda` or `cuda:N`. */
	device: string;
	/** Threads for the arithmetic; 0 = one per physical core this process may use. */
	threads: number;
	weights: Weights;
	/** null with `train: "full"`, or when only scoring or generating with the base model. */
	adapter: AdapterSpec | null;
	train: "adapter" | "full" | "none";
	gradientCheckpointing: boolean | "selective";
}

export interface ModelInfo {
	modelType: string;
	parameters: number;
	trainable: number;
	layers: number;
	hidden: number;
	vocab: number;
	/** Longest sequence the model was made for. */
	maxPositions: number;
	/** The model has learned positions: a longer sequence than `maxPositions` cannot be run at all. */
	learnedPositions: boolean;
	/** Dotted names of the modules that carry an adapter. */
	adapted: string[];
	/** Dotted names of every linear module an adapter could target. */
	linears: string[];
	device: string;
	threads: number;
	/** Instruction set the CPU kernels run with: `avx512bf16`, `avx512`, `avx2`, … */
	isa: string;
	/** Whether products read frozen matrices that were packed once for the CPU's bfloat16 units. */
	packed: boolean;
}

/**
 * Rows packed end to end. `segments` holds five numbers each: start, length, prefix (index of the segment whose
 * tokens come before, or −1), scored (1: the next-token log-probs of this segment's tokens count), key (position of
 * the segment's first token in the whole optimiser step, which keys dropout masks so that they do not depend on the
 * micro-batch split). A segment sees its prefix fully and itself causally. The scored segments, in order, are the
 * batch's sequences. A prefix has no prefix of its own and precedes the segments that use it.
 */
export interface Batch {
	ids: Int32Array;
	segments: Int32Array;
}

export interface Part {
	/** Registered native objective, for example `sft` or `dpo`. */
	objective: string;
	/** Weight in the step's total objective (λ, 1 − λ or 1). */
	weight: number;
	/** What the sum over this part is divided by: scored tokens (sft) or rows of the whole optimiser step. */
	normalizer: number;
	/** The objective's own options, for example `{beta: 0.1, labelSmoothing: 0}`. */
	options: Record<string, number | string | boolean>;
	batch: Batch;
	/** Reference log-prob of each sequence (sum over its tokens), for objectives that need one. */
	reference?: Float64Array;
	/** 1 or 0 for each sequence, desirable or not, for objectives on unpaired rows. */
	labels?: Float64Array;
}

/**
 * One part's numbers. `loss` is already divided by the normaliser: losses of a step's micro-batches add up. A metric
 * `m` (TRL's name) of the step is the sum over micro-batches of `sums[m]` over that of `counts[m]`.
 */
export interface PartResult {
	loss: number;
	sums: Record<string, number>;
	counts: Record<string, number>;
}

export interface UpdateSpec {
	lr: number;
	betas: [number, number];
	eps: number;
	weightDecay: number;
	/** null = no clipping. */
	maxGradNorm: number | null;
}

export interface UpdateInfo {
	/** L2 norm over all trained parameters before clipping. */
	gradNorm: number;
}

export interface ScoreResult {
	/** Per sequence: sum of log-probs over its scored tokens. */
	logps: Float64Array;
	/** Per sequence: number of scored tokens. */
	counts: Int32Array;
}

export interface GenerateSpec {
	/** Prompt ids; null continues the running generation. */
	prompt: Int32Array | null;
	/** At most this many new tokens in this call. */
	tokens: number;
	/** 0 = greedy. */
	temperature: number;
	topP: number;
	seed: number;
	/** Generation stops after any of these (the stop token is returned as the last one). */
	stop: number[];
}

export interface MemoryStats {
	/** Bytes held by weights, adapter, gradients, optimiser state, and activations (largest so far). */
	weights: number;
	trainable: number;
	activationsPeak: number;
	/** Device allocator's peak; null on the CPU. */
	devicePeak: number | null;
}

/** What one op cost while a profile ran. */
export interface ProfileRow {
	/** `attention`, `q_proj|k_proj|v_proj`, … */
	op: string;
	/** `forward`, `backward`, `weight gradient`, … */
	pass: string;
	calls: number;
	seconds: number;
	/** Multiplications and additions of its matrix products; 0 for element-wise ops. */
	flops: number;
}

/** What `save` writes and `restore` reads: PEFT-named adapter, HF-named model, optimiser state, reference snapshot. */
export type StateKind = "adapter" | "model" | "optimizer" | "reference";

export interface NativeSession {
	load(spec: LoadSpec): Promise<ModelInfo>;
	/** Losses and metrics of the parts, without gradients. */
	evaluate(parts: Part[]): Promise<PartResult[]>;
	/** Forward and backward; gradients add up until `update`. Dropout is on and keyed by `step`. */
	accumulate(parts: Part[], step: number): Promise<PartResult[]>;
	/** Clips, applies AdamW, zeroes the gradients. A non-finite norm leaves weights and state untouched and rejects. */
	update(spec: UpdateSpec): Promise<UpdateInfo>;
	/** Log-probs of each sequence under the current policy or the reference snapshot (dropout off). */
	score(batch: Batch, policy: "current" | "reference"): Promise<ScoreResult>;
	/** Makes the reference what the policy is now. Full-parameter sessions keep no copy and reject. */
	snapshotReference(): Promise<void>;
	generate(spec: GenerateSpec): Promise<Int32Array>;
	/** Writes one safetensors file (fsynced) and resolves with its size in bytes. */
	save(kind: StateKind, path: string): Promise<number>;
	restore(kind: StateKind, weights: Weights): Promise<void>;
	/** Drops accumulated gradients. */
	zeroGrad(): Promise<void>;
	/** Starts a profile (or starts it over) or ends it; resolves with what the one that ends collected. */
	profile(on: boolean): Promise<ProfileRow[]>;
	memory(): MemoryStats;
	/** Makes the running call reject with ABORTED at the next layer; later calls run normally. */
	interrupt(): void;
	/** Waits for the running call, frees everything. Idempotent. */
	dispose(): Promise<void>;
}

export interface BuildInfo {
	/** package.json's version at build time. */
	version: string;
	/** LibTorch version the core was compiled against. */
	torch: string;
	/** Version of the interface between the addon and the core. */
	abi: number;
}

export interface LibtorchPaths {
	/** Folder with libtorch_cpu.so and libc10.so. */
	lib: string;
	/** libxright_core.so. */
	core: string;
	/** Load libtorch_cuda.so as well; only then does a CUDA device exist. */
	cuda: boolean;
}

/** What the addon exports. It has no LibTorch symbol, so it loads on any machine and can say what is missing. */
export interface NativeAddon {
	readonly build: BuildInfo;
	/** Native failures are made with `new errorClass(code, message, {hint, detail})`; call once, before all else. */
	setErrorClass(errorClass: new (code: ErrorCode, message: string, options?: XrightErrorOptions) => Error): void;
	/** Loads LibTorch, then the core, into the process (once); rejects with LIBTORCH_MISSING or LIBTORCH_VERSION. */
	loadLibtorch(paths: LibtorchPaths): Promise<{ torch: string; cudaDevices: string[] }>;
	/** Registered names; empty until the core is loaded. */
	models(): string[];
	objectives(): string[];
	/** Instruction-set extensions the CPU kernels can use, best first. */
	cpuFeatures(): string[];
	Session: new () => NativeSession;
}
