import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../../data/random.js";
import type { Shape, ShapeTensor } from "./types.js";
import { wordTokenizer } from "./word-tokenizer.js";

/** Spread of the random weights, as models are initialised. */
const DEVIATION = 0.02;
/** Random values that are written again and again: a prime number, so that no two rows of a matrix are the same. */
const BLOCK = 1_000_003;
const ONE = 0x3f80;

/** Writes a model folder of this shape with random bfloat16 weights and a tokenizer whose words are those of `texts`. */
export async function writeShape(folder: string, shape: Shape, texts: readonly string[]): Promise<void> {
	await mkdir(folder, { recursive: true });
	const { tokenizerJson, tokenizerConfig, eosId } = wordTokenizer(texts, shape.config.vocab_size);
	const config = { ...shape.config, bos_token_id: eosId, eos_token_id: eosId };
	await writeFile(join(folder, "config.json"), JSON.stringify(config, null, 2));
	await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizerJson));
	await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizerConfig, null, 2));
	await writeWeights(join(folder, "model.safetensors"), shape.tensors);
}

async function writeWeights(path: string, tensors: readonly ShapeTensor[]): Promise<void> {
	const file = await open(path, "w");
	try {
		await file.writeFile(header(tensors));
		const random = randomBlock();
		let used = 0;
		for (const tensor of tensors) {
			const count = size(tensor);
			if (tensor.shape.length === 1) {
				await file.writeFile(new Uint16Array(count).fill(tensor.name.endsWith(".bias") ? 0 : ONE));
				continue;
			}
			for (let done = 0; done < count; ) {
				const part = random.subarray(used, Math.min(BLOCK, used + count - done));
				await file.writeFile(part);
				done += part.length;
				used = (used + part.length) % BLOCK;
			}
		}
	} finally {
		await file.close();
	}
}

/** safetensors: the length of the JSON in 8 bytes, then the JSON with each tensor's place. */
function header(tensors: readonly ShapeTensor[]): Uint8Array {
	const entries: Record<string, unknown> = { __metadata__: { format: "pt" } };
	let offset = 0;
	for (const tensor of tensors) {
		const end = offset + 2 * size(tensor);
		entries[tensor.name] = { dtype: "BF16", shape: tensor.shape, data_offsets: [offset, end] };
		offset = end;
	}
	const json = Buffer.from(JSON.stringify(entries));
	const padded = Math.ceil(json.length / 8) * 8;
	const bytes = Buffer.alloc(8 + padded, " ");
	bytes.writeBigUInt64LE(BigInt(padded));
	json.copy(bytes, 8);
	return bytes;
}

/** Normally distributed bfloat16 values (Box and Muller), as their 16 bits. */
function randomBlock(): Uint16Array {
	const random = new Random(1);
	const values = Float32Array.from({ length: BLOCK }, () => {
		const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
		return DEVIATION * radius * Math.cos(2 * Math.PI * random.uniform());
	});
	return Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
}

function size({ shape }: ShapeTensor): number {
	return shape.reduce((product, length) => product * length, 1);
}
