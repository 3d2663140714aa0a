import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FetchProgress, fetchLibTorch } from "../../../lib/native/libtorch/fetch.js";
import { cacheRoot } from "../../../lib/native/libtorch/layout.js";
import type { Pins } from "../../../lib/native/libtorch/pins.js";
import { makeWheel, makeZip } from "../../files/zip.js";
import { fakePip, pinOf, pinsOf, runtimeFiles, temporaryFolder, torchFiles } from "./fake.js";

const torch = makeWheel(torchFiles());
const runtime = makeWheel(runtimeFiles);
const pins = pinsOf([pinOf("torch", torch), pinOf("runtime", runtime), { ...pinOf("gpu", runtime), cuda: true }]);

async function machine(failure?: string) {
	const folder = await temporaryFolder();
	const { bin, index } = await fakePip(folder, failure);
	await writeFile(join(index, "torch-1-py3-none-any.whl"), torch);
	await writeFile(join(index, "runtime-1-py3-none-any.whl"), runtime);
	const env = { HOME: folder, PATH: `${bin}:/usr/bin:/bin` };
	const log = async () =>
		existsSync(join(index, "log")) ? (await readFile(join(index, "log"), "utf8")).trim().split("\n") : [];
	return { folder, bin, index, env, log, root: cacheRoot(env) };
}

describe("fetchLibTorch through pip", () => {
	it("unpacks only what is needed and leaves nothing else behind", async () => {
		const { env, root, log } = await machine();
		const seen: FetchProgress[] = [];
		const found = await fetchLibTorch({ env, pins, cuda: false, progress: (state) => seen.push(state) });
		expect(found).toMatchObject({ torch: join(root, "2.11.0-cpu/torch"), version: "2.11.0+cu130", cuda: false });
		expect(await readdir(root)).toEqual(["2.11.0-cpu"]);
		expect((await readdir(join(found.torch, "lib"))).sort()).toEqual(["libc10.so", "libgomp.so.1", "libtorch_cpu.so"]);
		expect(existsSync(join(found.torch, "__init__.py"))).toBe(false);
		expect(await log()).toEqual(["torch", "runtime"]);
		expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(["download", "check", "unpack"]));
		for (const { bytes, total } of seen) expect(bytes).toBeLessThanOrEqual(total ?? 0);
		await fetchLibTorch({ env, pins, cuda: false });
		expect(await log()).toEqual(["torch", "runtime"]);
	});

	it("keeps finished downloads when it is interrupted, and repairs a damaged entry", async () => {
		const { env, root, log } = await machine();
		const stop = new AbortController();
		const progress = ({ phase }: FetchProgress) => phase === "unpack" && stop.abort(new Error("stopped by the test"));
		await expect(fetchLibTorch({ env, pins, cuda: false, signal: stop.signal, progress })).rejects.toThrow(
			"stopped by the test",
		);
		expect(existsSync(join(root, "2.11.0-cpu"))).toBe(false);
		const found = await fetchLibTorch({ env, pins, cuda: false });
		expect(await log()).toEqual(["torch", "runtime"]);
		await rm(join(found.lib, "libc10.so"));
		await fetchLibTorch({ env, pins, cuda: false });
		expect(existsSync(join(found.lib, "libc10.so"))).toBe(true);
	});

	it("removes a truncated download and fetches it again", async () => {
		const { env, root, log } = await machine();
		const downloads = join(root, ".partial-2.11.0-cpu/download");
		await mkdir(downloads, { recursive: true });
		await writeFile(join(downloads, "torch-1-py3-none-any.whl"), torch.subarray(0, 1000));
		await fetchLibTorch({ env, pins, cuda: false });
		expect(await log()).toEqual(["torch", "runtime"]);
	});

	it("refuses a wheel that is not the pinned one", async () => {
		const { env, index, root } = await machine();
		await writeFile(
			join(index, "torch-1-py3-none-any.whl"),
			makeWheel([...torchFiles(), { name: "torch/lib/evil.so", data: "" }]),
		);
		await expect(fetchLibTorch({ env, pins, cuda: false })).rejects.toMatchObject({
			code: "IO",
			message: expect.stringMatching(/sha256/),
		});
		expect(existsSync(join(root, "2.11.0-cpu"))).toBe(false);
	});

	it.each([
		[
			"NETWORK",
			"echo 'noise'; echo 'ERROR: Could not find a version' >&2; exit 1",
			"torch==1: ERROR: Could not find a version",
		],
		["DISK_FULL", "echo 'OSError: [Errno 28] No space left on device' >&2; exit 2", "No space left"],
	])("reports %s when pip fails", async (code, failure, message) => {
		const { env } = await machine(failure);
		const expected = { code, exitCode: 3, message: expect.stringContaining(message) };
		await expect(fetchLibTorch({ env, pins, cuda: false })).rejects.toMatchObject(expected);
	});

	it("checks the disk before the first byte", async () => {
		const { env, log } = await machine();
		const huge: Pins = { ...pins, wheels: [{ ...pins.wheels[0]!, unpacked: { cpu: 1e18, cu130: 1e18 } }] };
		await expect(fetchLibTorch({ env, pins: huge, cuda: false })).rejects.toMatchObject({
			code: "DISK_FULL",
			exitCode: 3,
		});
		expect(await log()).toEqual([]);
	});

	it("lets two installs share the work", async () => {
		const { env, log } = await machine();
		const both = [1, 2].map(() => fetchLibTorch({ env, pins, cuda: false }));
		const [first, second] = await Promise.all(both);
		expect(first).toEqual(second);
		expect(await log()).toEqual(["torch", "runtime"]);
	});

	it("takes over the lock of a process that is gone", async () => {
		const { env, root } = await machine();
		await mkdir(root, { recursive: true });
		const { hostname } = process.getBuiltinModule("node:os");
		await writeFile(
			join(root, "2.11.0-cpu.lock"),
			JSON.stringify({ pid: 1, host: hostname(), boot: "an earlier boot" }),
		);
		expect((await fetchLibTorch({ env, pins, cuda: false })).version).toBe("2.11.0+cu130");
		expect(await readdir(root)).toEqual(["2.11.0-cpu"]);
	});

	it("names the folder that cannot be written", async () => {
		const { env, folder } = await machine();
		await writeFile(join(folder, "file"), "");
		await expect(
			fetchLibTorch({ env: { ...env, XDG_CACHE_HOME: join(folder, "file") }, pins, cuda: false }),
		).rejects.toMatchObject({
			code: "IO",
			message: expect.stringContaining(join(folder, "file")),
		});
	});
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler): Promise<string> {
	const server = createServer(handler);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => void server.close());
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const archiveFiles = [
	...torchFiles("2.11.0+cpu", "libtorch"),
	{ name: "libtorch/build-version", data: "2.11.0+cpu\n" },
];
const archive = makeZip(archiveFiles.filter(({ name }) => !name.endsWith(".py")));

describe("fetchLibTorch without pip", () => {
	async function withoutPip() {
		const folder = await temporaryFolder();
		return { HOME: folder, PATH: join(folder, "empty") };
	}

	it("follows redirects, resumes where the connection broke, and unpacks", async () => {
		const ranges: (string | undefined)[] = [];
		const base = await serve((request, response) => {
			if (request.url === "/start.zip") return response.writeHead(302, { location: "/real.zip" }).end();
			ranges.push(request.headers.range);
			const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
			const headers = {
				"content-length": archive.length - from,
				"content-range": `bytes ${from}-${archive.length - 1}/${archive.length}`,
			};
			response.writeHead(from > 0 ? 206 : 200, headers);
			if (ranges.length > 1) return response.end(archive.subarray(from));
			response.write(archive.subarray(0, 700_000), () => response.destroy());
		});
		const found = await fetchLibTorch({ env: await withoutPip(), pins: pinsOf([], `${base}/start.zip`), cuda: false });
		expect(found.version).toBe("2.11.0+cpu");
		expect(await readFile(join(found.torch, "include/ATen/ATen.h"), "utf8")).toBe("// ATen");
		expect(ranges[0]).toBeUndefined();
		expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
	});

	it("takes the archive from XRIGHT_LIBTORCH_MIRROR", async () => {
		const asked: (string | undefined)[] = [];
		const base = await serve(({ url }, response) => {
			asked.push(url);
			response.end(archive);
		});
		const env = { ...(await withoutPip()), XRIGHT_LIBTORCH_MIRROR: `${base}/mirror` };
		await fetchLibTorch({ env, pins: pinsOf([], "https://example.invalid/x/libtorch%2Bcpu.zip"), cuda: false });
		expect(asked).toEqual(["/mirror/libtorch%2Bcpu.zip"]);
	});

	const failures: [string, Handler, string, RegExp][] = [
		["an error of the server", (_, response) => response.writeHead(404).end(), "NETWORK", /HTTP 404/],
		[
			"endless redirects",
			(_, response) => response.writeHead(302, { location: "/again" }).end(),
			"NETWORK",
			/more than 5 redirects/,
		],
		[
			"a redirect to plain HTTP elsewhere",
			(_, response) => response.writeHead(302, { location: "http://example.invalid/" }).end(),
			"NETWORK",
			/not safe/,
		],
		["something that is no archive", (_, response) => response.end("<html>hello</html>"), "IO", /no ZIP file/],
	];
	it.each(failures)("reports %s", async (_, handler, code, message) => {
		const base = await serve(handler);
		const attempt = fetchLibTorch({ env: await withoutPip(), pins: pinsOf([], `${base}/a.zip`), cuda: false });
		await expect(attempt).rejects.toMatchObject({ code, exitCode: 3, message: expect.stringMatching(message) });
	});

	it("reports that nothing answers", async () => {
		const attempt = fetchLibTorch({ env: await withoutPip(), pins, cuda: false });
		await expect(attempt).rejects.toMatchObject({
			code: "NETWORK",
			exitCode: 3,
			hint: expect.stringContaining("setup"),
		});
	});

	it("refuses an archive of another version", async () => {
		const wrong = makeZip([
			...torchFiles("2.10.0+cpu", "libtorch"),
			{ name: "libtorch/build-version", data: "2.10.0+cpu\n" },
		]);
		const base = await serve((_, response) => response.end(wrong));
		const attempt = fetchLibTorch({ env: await withoutPip(), pins: pinsOf([], `${base}/a.zip`), cuda: false });
		await expect(attempt).rejects.toMatchObject({ code: "LIBTORCH_VERSION" });
	});
});
