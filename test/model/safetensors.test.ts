import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { XrightError } from "../../lib/errors.js";
import { readSafetensorsHeader } from "../../lib/model/safetensors.js";
import { expectFailure, fileOf, float32File, safetensors, temporary } from "./support.js";

const read = async (bytes: Uint8Array) => readSafetensorsHeader(await fileOf(bytes));
const f32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

describe("readSafetensorsHeader accepts", () => {
	it("tensors with absolute offsets in file order, and metadata", async () => {
		const bytes = safetensors({ b: f32([2], 4, 12), a: f32([], 0, 4), __metadata__: { format: "pt" } }, 12);
		const header = await read(bytes);
		const start = bytes.length - 12;
		expect(header.tensors).toEqual([
			{ name: "a", dtype: "F32", shape: [], file: 0, offset: start, bytes: 4 },
			{ name: "b", dtype: "F32", shape: [2], file: 0, offset: start + 4, bytes: 8 },
		]);
		expect(header.metadata).toEqual({ format: "pt" });
		expect(header.size).toBe(bytes.length);
	});

	it.each([
		["trailing whitespace", "{}\r \t\n", 0],
		["leading whitespace", "\n {}", 0],
		["an empty tensor", JSON.stringify({ a: f32([2, 0], 0, 0) }), 0],
		["an even number of 4-bit values", JSON.stringify({ a: { dtype: "F4", shape: [3, 2], data_offsets: [0, 3] } }), 3],
		["a tensor called __proto__", '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1],
	])("%s", async (_, header, data) => {
		await expect(read(safetensors(header, data))).resolves.toBeDefined();
		expect(Object.prototype).not.toHaveProperty("dtype");
	});
});

const length = (n: bigint) => {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(n);
	return bytes;
};
const tensor = (entry: unknown, data: number) => safetensors({ a: entry }, data);

describe("readSafetensorsHeader refuses", () => {
	it.each<[string, Uint8Array, RegExp]>([
		["an empty file", Buffer.alloc(0), /too small/],
		["7 bytes", Buffer.alloc(7), /too small/],
		["an absurd length", Buffer.from([0x3c, 0, 0, 0, 0, 0xff, 0xff, 0xff]), /claims \d+ bytes, more than 100000000/],
		["100 000 001 bytes", length(100_000_001n), /more than/],
		["a length beyond the file", Buffer.concat([length(60n), Buffer.from("{}")]), /claims 60 bytes, the file has 10/],
		["invalid UTF-8", Buffer.concat([length(1n), Buffer.from([0xff])]), /not UTF-8/],
		["invalid JSON", safetensors("{", 0), /not JSON/],
		["a byte order mark", safetensors("\uFEFF{}", 0), /not JSON/],
		["a list", safetensors("[]", 0), /not a JSON object/],
		[
			"a wrapping shape",
			safetensors('{"a":{"dtype":"F32","shape":[2,18446744073709551614],"data_offsets":[0,4]}}', 4),
			/invalid shape/,
		],
		["an overflowing shape", tensor(f32([2, Number.MAX_SAFE_INTEGER], 0, 4), 4), /needs \d+ bytes, its offsets span 4/],
		["a negative size", tensor(f32([-1], 0, 4), 4), /invalid shape/],
		["a fractional size", tensor(f32([1.5], 0, 6), 6), /invalid shape/],
		["33 dimensions", tensor(f32(Array(33).fill(1), 0, 4), 4), /invalid shape/],
		[
			"a size that is not its shape's",
			tensor({ dtype: "I32", shape: [2, 2], data_offsets: [0, 4] }, 4),
			/needs 16 bytes/,
		],
		["an odd number of 4-bit values", tensor({ dtype: "F4", shape: [3], data_offsets: [0, 2] }, 2), /whole bytes/],
		["an unknown dtype", tensor({ dtype: "F33", shape: [1], data_offsets: [0, 4] }, 4), /unknown dtype "F33"/],
		["a missing dtype", tensor({ shape: [1], data_offsets: [0, 4] }, 4), /unknown dtype/],
		["an end before the begin", tensor(f32([1], 8, 4), 8), /ends \(4\) before it begins \(8\)/],
		["three offsets", tensor({ dtype: "F32", shape: [1], data_offsets: [0, 4, 8] }, 8), /invalid data_offsets/],
		["a tensor that is no object", tensor(4, 0), /not described/],
		["tensors on the same bytes", safetensors({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, 4), /"b" overlaps/],
		["a hole", safetensors({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), /"b" leaves a hole/],
		["a start after byte 0", tensor(f32([1], 4, 8), 8), /leaves a hole/],
		["a tensor beyond the file", tensor(f32([2], 0, 8), 6), /ends at byte/],
		["trailing bytes", tensor(f32([1], 0, 4), 6), /2 bytes follow the last tensor/],
		[
			"a duplicate tensor",
			safetensors('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":1}', 0),
			/"a" twice/,
		],
		[
			"a duplicate inner key",
			safetensors('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0),
			/"dtype" twice/,
		],
		["metadata that is no object", safetensors('{"__metadata__":[]}', 0), /__metadata__/],
		["metadata that is no string", safetensors('{"__metadata__":{"k":1}}', 0), /"k" must be a string/],
		["a name of 1 MB", safetensors({ ["x".repeat(1 << 20)]: f32([1], 0, 4) }, 4), /unusable name/],
		["NUL in a name", safetensors({ "a\0b": f32([1], 0, 4) }, 4), /"a\\u0000b" has an unusable name/],
	])("%s", async (_, bytes, message) => {
		await expectFailure(read(bytes), "WEIGHTS", message);
	});

	it("a header whose lie is far larger than memory, without allocating it", async () => {
		const before = process.memoryUsage().rss;
		await expectFailure(read(tensor(f32([2 ** 40], 0, 2 ** 42), 4)), "WEIGHTS", /ends at byte/);
		expect(process.memoryUsage().rss - before).toBeLessThan(64e6);
	});

	it("folders, pipes, devices and missing files, at once", async () => {
		const folder = await temporary();
		execFileSync("mkfifo", [join(folder, "pipe")]);
		await expectFailure(readSafetensorsHeader(join(folder, "pipe")), "WEIGHTS", /pipe: not a regular file/);
		await expectFailure(readSafetensorsHeader(folder), "WEIGHTS", /not a regular file/);
		await expectFailure(readSafetensorsHeader("/dev/zero"), "WEIGHTS", /not a regular file/);
		await expectFailure(readSafetensorsHeader(join(folder, "absent")), "WEIGHTS", /absent: no such file/);
	});

	it("any mutation of a good file, or reads it; nothing else happens", async () => {
		const good = float32File({ "model.a": [2, 3], "model.b": [4] });
		const mutation = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
		await fc.assert(
			fc.asyncProperty(mutation, fc.nat(good.length), async (edits, cut) => {
				const bytes = Buffer.from(good);
				for (const [at, value] of edits) bytes[at] = value;
				const outcome = await read(bytes.subarray(0, good.length - (cut % 9))).catch((error: unknown) => error);
				if (outcome instanceof Error) expect(outcome).toBeInstanceOf(XrightError);
			}),
			{ numRuns: 300 },
		);
	});

	it("any JSON in place of a header, or reads it", async () => {
		await fc.assert(
			fc.asyncProperty(fc.json(), async (header) => {
				const outcome = await read(safetensors(header, 8)).catch((error: unknown) => error);
				if (outcome instanceof Error) expect(outcome).toBeInstanceOf(XrightError);
			}),
			{ numRuns: 200 },
		);
	});
});
