import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shapes } from "../../../lib/bench/shapes/index.js";
import type { Shape } from "../../../lib/bench/shapes/types.js";
import { writeShape } from "../../../lib/bench/shapes/write.js";
import { resolveModel } from "../../../lib/model/resolve.js";
import { createTokenizer } from "../../../lib/tokenizer/tokenizer.js";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-shape-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tiny: Shape = {
	config: { model_type: "llama", vocab_size: 64 },
	tensors: [
		{ name: "m.weight", shape: [64, 8] },
		{ name: "n.weight", shape: [8] },
		{ name: "n.bias", shape: [8] },
	],
};

test("a shape becomes a model folder that our reader takes", async () => {
	const path = join(folder, "tiny");
	await writeShape(path, tiny, ["Hello, world!", "hello again"]);
	const { weights, tokenizer, config } = await resolveModel(path);
	expect(weights.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(tiny.tensors);
	expect(config.eos_token_id).toBe(1);
	const words = createTokenizer(tokenizer);
	const ids = [...(await words.encode("Hello again, nobody"))];
	expect(ids).toEqual([2, 7, 3, 0]);
	expect(words.eosId).toBe(1);
});

test("matrices are random with deviation 0.02, norms 1, biases 0", async () => {
	const path = join(folder, "values");
	await writeShape(path, { ...tiny, tensors: [{ name: "m.weight", shape: [200, 100] }, ...tiny.tensors.slice(1)] }, []);
	const bytes = readFileSync(join(path, "model.safetensors"));
	const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
	const values = Array.from({ length: data.length / 2 }, (_, index) => bfloat16(data.readUInt16LE(2 * index)));
	const matrix = values.slice(0, 20_000);
	const mean = matrix.reduce((sum, value) => sum + value, 0) / matrix.length;
	const deviation = Math.sqrt(matrix.reduce((sum, value) => sum + (value - mean) ** 2, 0) / matrix.length);
	expect(Math.abs(mean)).toBeLessThan(0.001);
	expect(deviation).toBeGreaterThan(0.0195);
	expect(deviation).toBeLessThan(0.0205);
	expect(values.slice(20_000)).toEqual([...Array(8).fill(1), ...Array(8).fill(0)]);
});

function bfloat16(bits: number): number {
	return new Float32Array(Uint32Array.of(bits * 2 ** 16).buffer)[0]!;
}

test.each([
	["smollm2-135m", 134_515_008],
	["pythia-160m", 162_322_944],
	["pythia-1b", 1_011_781_632],
])("%s has as many weights as the real model", (name, count) => {
	const sizes = shapes[name]!.tensors.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
	expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
});
