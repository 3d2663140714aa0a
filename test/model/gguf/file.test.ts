import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { XrightError } from "../../../lib/errors.js";
import { readGguf } from "../../../lib/model/gguf/file.js";
import { expectFailure, fileOf, temporary } from "../support.js";
import { type Field, gguf, list, llamaFields, llamaTensors, T, text, u32, u64 } from "./build.js";

const read = async (bytes: Uint8Array) => readGguf(await fileOf(bytes, "model.gguf"));
const head = (tensors: bigint, keys: bigint) => Buffer.concat([Buffer.from("GGUF"), u32(3), u64(tensors), u64(keys)]);
const withKey = (...body: Buffer[]) => Buffer.concat([head(0n, 1n), ...body]);

describe("readGguf reads", () => {
	it("every kind of value", async () => {
		const fields: Field[] = [
			["a", T.u32, 7],
			["b", T.i64, -5n],
			["c", T.bool, true],
			["d", T.string, "héllo"],
			["e", T.f64, 0.25],
			["f", T.array, list(T.i32, [-1, 2])],
			["g", T.array, list(T.string, ["x", ""])],
			["h", T.array, list(T.u8, [])],
		];
		const { metadata } = await read(gguf(fields));
		expect([...metadata.keys()]).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"]);
		expect(["a", "b", "c", "d", "e"].map((key) => metadata.get(key))).toEqual([7, -5n, true, "héllo", 0.25]);
		expect(metadata.get("f")).toEqual(Int32Array.from([-1, 2]));
		expect(metadata.get("g")).toEqual(["x", ""]);
	});

	it.each([2, 3])("tensors of version %i with reversed shapes and absolute, aligned offsets", async (version) => {
		const tensors = [
			{ name: "x", dims: [64, 3], type: 3, data: Buffer.alloc(6 * 20) },
			{ name: "y", dims: [5] },
		];
		const bytes = gguf([["general.alignment", T.u32, 64]], tensors, { version, align: 64 });
		const file = await read(bytes);
		const start = bytes.length - 128 - 20;
		expect(file.tensors).toEqual([
			{ name: "x", dtype: "Q4_1", shape: [3, 64], offset: start, bytes: 120 },
			{ name: "y", dtype: "F32", shape: [5], offset: start + 128, bytes: 20 },
		]);
	});

	it.each([
		[2, "Q4_0", 18, 32],
		[6, "Q5_0", 22, 32],
		[7, "Q5_1", 24, 32],
		[8, "Q8_0", 34, 32],
		[12, "Q4_K", 144, 256],
		[13, "Q5_K", 176, 256],
		[14, "Q6_K", 210, 256],
		[30, "BF16", 2, 1],
		[1, "F16", 2, 1],
	])("GGML type %i as %s, %i bytes for %i elements", async (type, dtype, bytes, block) => {
		const { tensors } = await read(gguf([], [{ name: "w", dims: [block], type, data: Buffer.alloc(bytes) }]));
		expect(tensors[0]).toMatchObject({ dtype, bytes });
	});
});

const one = (dims: (number | bigint)[], extra: object = {}) => gguf([], [{ name: "w", dims, ...extra }]);

describe("readGguf refuses", () => {
	it.each<[string, Uint8Array, RegExp]>([
		["an empty file", Buffer.alloc(0), /not a GGUF file/],
		["bad magic", gguf([], [], { magic: "GGML" }), /not a GGUF file/],
		["version 1", gguf([], [], { version: 1 }), /version 1/],
		["big-endian files", gguf([], [], { version: 0x03000000 }), /big-endian/],
		["2⁶⁴ − 1 keys", head(0n, 2n ** 64n - 1n), /number of keys is 18446744073709551615/],
		["2⁶⁴ − 1 tensors", head(2n ** 64n - 1n, 0n), /number of tensors/],
		["more tensors than could be described", gguf([], [], { tensorCount: 5, dataBytes: 40 }), /number of tensors is 5/],
		[
			"a 43-byte file with a huge string",
			withKey(u64(3n), Buffer.from("abc"), u32(8), u64(2n ** 40n)),
			/length of the value of abc/,
		],
		["a key of length −1", withKey(u64(2n ** 64n - 1n), Buffer.alloc(32)), /length of key 0/],
		["a huge array of numbers", withKey(text("k"), u32(9), u32(4), u64(2n ** 62n)), /length of k/],
		["a huge array of strings", withKey(text("k"), u32(9), u32(8), u64(2n ** 30n), Buffer.alloc(64)), /length of k/],
		["an array of arrays", withKey(text("k"), u32(9), u32(9), u64(1n), Buffer.alloc(64)), /unsupported type 9/],
		["an unknown value type", withKey(text("k"), u32(13), Buffer.alloc(64)), /unknown type 13/],
		["a key that is not UTF-8", withKey(u64(1n), Buffer.from([0xff]), u32(4), u32(1)), /key 0 is not UTF-8/],
		["an empty key", gguf([["", T.u32, 1]]), /key 0 is empty/],
		[
			"a duplicate key",
			gguf([
				["k", T.u32, 1],
				["k", T.u32, 1],
			]),
			/"k" is there twice/,
		],
		[
			"a duplicate tensor",
			gguf(
				[],
				[
					{ name: "w", dims: [4] },
					{ name: "w", dims: [4] },
				],
			),
			/"w" is there twice/,
		],
		["a truncated table", one([4]).subarray(0, 50), /needs|is \d+, more/],
		["0 dimensions", one([]), /has 0 dimensions/],
		["5 dimensions", one([1, 1, 1, 1, 1]), /has 5 dimensions/],
		["an extent of 0", one([0]), /dimension 0 of "w" is 0/],
		["a wrapping extent", one([2n ** 64n - 1n, 2n]), /dimension 0 of "w"/],
		["a product beyond 2⁶⁴", one([2n ** 52n, 2n ** 52n]), /claims \d+ bytes/],
		["more bytes than the file", one([1024], { data: Buffer.alloc(8) }), /claims 4096 bytes/],
		["a row that is no whole number of blocks", one([33], { type: 8, data: Buffer.alloc(64) }), /no multiple of Q8_0/],
		["a known type it cannot read", one([256], { type: 10, data: Buffer.alloc(84) }), /"w" has the GGML type Q2_K/],
		["an unknown type", one([32], { type: 999 }), /GGML type number 999/],
		["an unaligned offset", one([4], { offset: 8 }), /not aligned/],
		["an offset beyond the file", one([4], { offset: 1 << 20, data: Buffer.alloc(0) }), /offset of "w"|ends at byte/],
		[
			"2 tensors on the same bytes",
			gguf(
				[],
				[
					{ name: "a", dims: [9] },
					{ name: "b", dims: [9], offset: 32 },
				],
			),
			/"b" overlaps/,
		],
		["data cut short", one([64]).subarray(0, -1), /ends at byte/],
		["an alignment of 0", gguf([["general.alignment", T.u32, 0]]), /power of two/],
		["an alignment of 2³⁰", gguf([["general.alignment", T.u32, 2 ** 30]]), /power of two/],
		["an alignment of 48", gguf([["general.alignment", T.u32, 48]]), /power of two/],
		["an alignment that is text", gguf([["general.alignment", T.string, "32"]]), /power of two/],
		["one part of a split file", gguf([["split.count", T.u32, 3]]), /one of 3 parts/],
		["a name of 65 bytes", gguf([], [{ name: "w".repeat(65), dims: [4] }]), /name of tensor 0/],
		["a name with a line break", gguf([], [{ name: "a\nb", dims: [4] }]), /unusable name/],
	])("%s", async (_, bytes, message) => {
		await expectFailure(read(bytes), "WEIGHTS", message);
	});

	it("pipes and folders", async () => {
		const folder = await temporary();
		execFileSync("mkfifo", [join(folder, "x.gguf")]);
		await expectFailure(readGguf(join(folder, "x.gguf")), "WEIGHTS", /not a regular file/);
		await expectFailure(readGguf(folder), "WEIGHTS", /not a regular file/);
	});

	it("any mutation of a good file, or reads it; nothing else happens", async () => {
		const good = gguf([...llamaFields, ["k", T.array, list(T.string, ["a", "b"])]], llamaTensors().slice(0, 4));
		const before = process.memoryUsage().rss;
		const mutation = fc.array(fc.tuple(fc.nat(900), fc.nat(255)), { minLength: 1, maxLength: 6 });
		await fc.assert(
			fc.asyncProperty(mutation, fc.nat(900), async (edits, cut) => {
				const bytes = Buffer.from(good);
				for (const [at, value] of edits) bytes[at] = value;
				const outcome = await read(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes).catch((error: unknown) => error);
				if (outcome instanceof Error) expect(outcome).toBeInstanceOf(XrightError);
			}),
			{ numRuns: 400 },
		);
		expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
	});
});
