import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { XrightError } from "../../lib/errors.js";
import { unpack } from "../../lib/files/unpack.js";
import { temporaryFolder } from "../native/libtorch/fake.js";
import { makeWheel, makeZip, type ZipFile } from "./zip.js";

const broken = (reason: string) => new XrightError("IO", reason);

async function unpackBytes(bytes: Buffer, record = false) {
	const folder = await temporaryFolder();
	const archive = join(folder, "a.zip");
	await writeFile(archive, bytes);
	const target = join(folder, "target");
	const files = await unpack(archive, target, { select: (name) => name, broken, record });
	return { target, files };
}

const plain: ZipFile = { name: "a/b.txt", data: "hello" };

describe("unpack", () => {
	it("writes the chosen files and reports their sizes", async () => {
		const big = Buffer.alloc(3 << 20, "abc");
		const { target, files } = await unpackBytes(
			makeZip([plain, { name: "big", data: big }, { name: "raw", data: big, stored: true }]),
		);
		expect(await readFile(join(target, "a/b.txt"), "utf8")).toBe("hello");
		expect((await readFile(join(target, "big"))).equals(big)).toBe(true);
		expect((await readFile(join(target, "raw"))).equals(big)).toBe(true);
		expect([...files]).toEqual([
			["a/b.txt", 5],
			["big", big.length],
			["raw", big.length],
		]);
	});

	const hostile: [string, ZipFile[], RegExp][] = [
		["a parent folder", [{ name: "../evil", data: "x" }], /would leave the folder/],
		["a parent folder inside", [{ name: "a/../../evil", data: "x" }], /would leave the folder/],
		["an absolute name", [{ name: "/etc/evil", data: "x" }], /would leave the folder/],
		["a backslash", [{ name: "a\\..\\evil", data: "x" }], /would leave the folder/],
		["a drive letter", [{ name: "C:/evil", data: "x" }], /would leave the folder/],
		["encryption", [{ ...plain, flags: 1 }], /packed in a way/],
		["an unknown method", [{ ...plain, method: 12 }], /packed in a way/],
		["a NUL byte", [{ name: "a\0b", data: "x" }], /would leave the folder/],
		["a link", [{ name: "link", data: "/etc/passwd", mode: 0o120777 }], /is a link/],
		["a name twice", [plain, plain], /twice/],
		["two names in one entry", [{ ...plain, headerName: "a/c.txt" }], /is called/],
		["a bomb's size", [{ ...plain, size: 4_000_000_000 }], /impossible size/],
		[
			"more data than declared",
			[{ name: "a", data: Buffer.alloc(5 << 20, 1), size: 2 << 20 }],
			/larger than it claims/,
		],
		["a wrong CRC", [{ ...plain, crc: 1 }], /damaged/],
		["a wrong CRC of a large file", [{ name: "a", data: Buffer.alloc(3 << 20, 5), crc: 1 }], /damaged/],
	];
	it.each(hostile)("refuses %s", async (_, files, reason) => {
		await expect(unpackBytes(makeZip(files))).rejects.toMatchObject({
			code: "IO",
			message: expect.stringMatching(reason),
		});
	});

	it("refuses every truncation", async () => {
		const bytes = makeZip([plain, { name: "c", data: "more" }]);
		for (let length = 0; length < bytes.length; length++) {
			await expect(unpackBytes(bytes.subarray(0, length))).rejects.toMatchObject({ code: "IO" });
		}
	});

	it("never crashes on a flipped byte", async () => {
		const bytes = makeZip([plain]);
		for (let at = 0; at < bytes.length; at++) {
			const flipped = Buffer.from(bytes);
			flipped[at]! ^= 0xff;
			const outcome = await unpackBytes(flipped).then(
				() => "unpacked",
				(error) => error.code,
			);
			expect(["unpacked", "IO"]).toContain(outcome);
		}
	});
});

describe("unpack of a wheel", () => {
	it("checks each file against RECORD", async () => {
		const folder = await temporaryFolder();
		const archive = join(folder, "a.whl");
		await writeFile(archive, makeWheel([plain]));
		const select = (name: string) => (name.includes("RECORD") ? null : name);
		await unpack(archive, join(folder, "good"), { select, broken, record: true });
		expect(await readdir(join(folder, "good/a"))).toEqual(["b.txt"]);
		const record = "a/b.txt,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,5\n";
		await writeFile(archive, makeZip([plain, { name: "f-1.dist-info/RECORD", data: record }]));
		await expect(unpack(archive, join(folder, "bad"), { select, broken, record: true })).rejects.toThrow(/sha256/);
		await writeFile(archive, makeZip([plain, { name: "f-1.dist-info/RECORD", data: "" }]));
		await expect(unpack(archive, join(folder, "none"), { select, broken, record: true })).rejects.toThrow(
			/not in its RECORD/,
		);
		await writeFile(archive, makeZip([plain]));
		await expect(unpack(archive, join(folder, "no"), { select, broken, record: true })).rejects.toThrow(
			/has no RECORD/,
		);
	});
});
