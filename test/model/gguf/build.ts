/** Writes GGUF files, well-formed or not, byte by byte. */
export type Field = [key: string, type: number, value: unknown];

export interface TensorSpec {
	name: string;
	/** GGML order: innermost first. */
	dims: (number | bigint)[];
	type?: number;
	/** Relative to the data section; by default placed one after the other. */
	offset?: number;
	data?: Buffer;
}

export const T = { u8: 0, i32: 5, u32: 4, f32: 6, bool: 7, string: 8, array: 9, u64: 10, i64: 11, f64: 12 } as const;

export function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

export function u64(value: number | bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
	return bytes;
}

export function text(value: string): Buffer {
	const bytes = Buffer.from(value);
	return Buffer.concat([u64(bytes.length), bytes]);
}

function scalar(type: number, value: unknown): Buffer {
	if (type === T.string) return text(value as string);
	if (type === T.u32) return u32(value as number);
	if (type === T.u8 || type === T.bool) return Buffer.from([Number(value)]);
	if (type === T.u64 || type === T.i64) return u64(value as bigint);
	const bytes = Buffer.alloc(type === T.f64 ? 8 : 4);
	if (type === T.i32) bytes.writeInt32LE(value as number);
	else if (type === T.f32) bytes.writeFloatLE(value as number);
	else bytes.writeDoubleLE(value as number);
	return bytes;
}

/** An array value: `list(T.string, ["a"])`. */
export function list(type: number, values: readonly unknown[]) {
	return { type, values };
}

export function field([key, type, value]: Field): Buffer {
	if (type !== T.array) return Buffer.concat([text(key), u32(type), scalar(type, value)]);
	const { type: inner, values } = value as ReturnType<typeof list>;
	const items = values.map((item) => scalar(inner, item));
	return Buffer.concat([text(key), u32(type), u32(inner), u64(values.length), ...items]);
}

const pad = (n: number, align: number) => Math.ceil(n / align) * align;

export interface BuildOptions {
	magic?: string;
	version?: number;
	align?: number;
	tensorCount?: number | bigint;
	keyCount?: number | bigint;
	/** Data bytes; default: what the tensors need. */
	dataBytes?: number;
}

/** A GGUF file; F32 tensors by default, data zero unless given. */
export function gguf(fields: Field[], tensors: TensorSpec[] = [], options: BuildOptions = {}): Buffer {
	const align = options.align ?? 32;
	let at = 0;
	const placed = tensors.map((tensor) => {
		const size = tensor.data?.length ?? 4 * tensor.dims.reduce<number>((product, n) => product * Number(n), 1);
		const offset = tensor.offset ?? at;
		at = pad(offset + size, align);
		return { ...tensor, offset, end: offset + size };
	});
	const table = placed.map(({ name, dims, type, offset }) =>
		Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type ?? 0), u64(offset)]),
	);
	const head = Buffer.concat([
		Buffer.from(options.magic ?? "GGUF"),
		u32(options.version ?? 3),
		u64(options.tensorCount ?? tensors.length),
		u64(options.keyCount ?? fields.length),
		...fields.map(field),
		...table,
	]);
	const needed = Math.min(Math.max(0, ...placed.map(({ end }) => end)), 1 << 24);
	const data = Buffer.alloc(options.dataBytes ?? needed);
	for (const { data: bytes, offset } of placed) bytes?.copy(data, offset);
	return Buffer.concat([head, Buffer.alloc(pad(head.length, align) - head.length), data]);
}

/** Metadata of a two-layer Llama: 4 heads of 8, 2 key-value heads, 48 hidden units in the MLP, 20 tokens. */
export const llamaFields: Field[] = [
	["general.architecture", T.string, "llama"],
	["llama.block_count", T.u32, 2],
	["llama.context_length", T.u32, 128],
	["llama.embedding_length", T.u32, 32],
	["llama.feed_forward_length", T.u32, 48],
	["llama.attention.head_count", T.u32, 4],
	["llama.attention.head_count_kv", T.u32, 2],
	["llama.attention.layer_norm_rms_epsilon", T.f32, 1e-5],
	["llama.rope.freq_base", T.f32, 500000],
];

/** The tensors of that Llama, with a tied head. */
export function llamaTensors(): TensorSpec[] {
	const layer = (i: number): TensorSpec[] => [
		{ name: `blk.${i}.attn_norm.weight`, dims: [32] },
		{ name: `blk.${i}.attn_q.weight`, dims: [32, 32] },
		{ name: `blk.${i}.attn_k.weight`, dims: [32, 16] },
		{ name: `blk.${i}.attn_v.weight`, dims: [32, 16] },
		{ name: `blk.${i}.attn_output.weight`, dims: [32, 32] },
		{ name: `blk.${i}.ffn_norm.weight`, dims: [32] },
		{ name: `blk.${i}.ffn_gate.weight`, dims: [32, 48] },
		{ name: `blk.${i}.ffn_up.weight`, dims: [32, 48] },
		{ name: `blk.${i}.ffn_down.weight`, dims: [48, 32] },
	];
	return [
		{ name: "token_embd.weight", dims: [32, 20] },
		...layer(0),
		...layer(1),
		{ name: "output_norm.weight", dims: [32] },
	];
}
