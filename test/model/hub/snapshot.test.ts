import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DownloadProgress, type HubOptions, hubSnapshot } from "../../../lib/model/hub/snapshot.js";
import { expectFailure, failure, float32File, temporary } from "../support.js";
import { COMMIT, type Handler, type Hub, listed, listen, modelFiles, startHub } from "./server.js";

const model = { id: "org/name", revision: "main" };
const timing = { replyMs: 5000, stallMs: 5000, retries: 2, backoffMs: 1 };
const fetchFrom = (hub: Hub, cache: string, options: HubOptions = {}) =>
	hubSnapshot(model, { env: hub.env(cache), timing, ...options });
const paths = (hub: Hub) => hub.requests.map(({ url }) => url?.replace(`/org/name/resolve/${COMMIT}`, ""));
const isWeights = (url: string | undefined) => url?.endsWith("/model.safetensors") === true;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** A hub whose weights are answered by `handler`, everything else normally. */
const hubWithWeights = (files: Record<string, Buffer>, handler: Handler) =>
	startHub(files, (request, response, next) => (isWeights(request.url) ? handler(request, response, next) : next()));

describe("a download", () => {
	it("lays out Hugging Face's cache, reports its bytes, and is not repeated", async () => {
		const files = modelFiles();
		const hub = await startHub(files);
		const cache = await temporary();
		const seen: DownloadProgress[] = [];
		const folder = await fetchFrom(hub, cache, { onProgress: (progress) => seen.push(progress) });
		const root = join(cache, "hub", "models--org--name");
		expect(folder).toBe(join(root, "snapshots", COMMIT));
		expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
		const weights = files["model.safetensors"] as Buffer;
		expect(await readlink(join(folder, "model.safetensors"))).toBe(`../../blobs/${sha256(weights)}`);
		expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
		expect(await readFile(join(root, "refs", "main"), "utf8")).toBe(COMMIT);
		const total = Object.entries(files).reduce(
			(sum, [name, { length }]) => sum + (name === "README.md" ? 0 : length),
			0,
		);
		expect(seen.at(-1)).toEqual({ label: "org/name", received: total, total });
		expect(seen.length).toBeLessThanOrEqual(4);
		const before = hub.requests.length;
		expect(await fetchFrom(hub, cache)).toBe(folder);
		expect(hub.requests.length).toBe(before);
	});

	it("takes exactly the shards its index names", async () => {
		const map = { a: "m-1.safetensors", b: "m-2.safetensors" };
		const { "model.safetensors": _, ...rest } = modelFiles();
		const hub = await startHub({
			...rest,
			"model.safetensors.index.json": Buffer.from(JSON.stringify({ weight_map: map })),
			"m-1.safetensors": float32File({ a: [2] }),
			"m-2.safetensors": float32File({ b: [2] }),
			"other.safetensors": float32File({ c: [2] }),
		});
		const names = await readdir(await fetchFrom(hub, await temporary()));
		expect(names).toEqual(expect.arrayContaining(["m-1.safetensors", "m-2.safetensors"]));
		expect(names).not.toContain("other.safetensors");
	});

	it("continues where an interrupted one stopped", async () => {
		const files = modelFiles();
		const weights = files["model.safetensors"] as Buffer;
		const hub = await startHub(files);
		const cache = await temporary();
		const blobs = join(cache, "hub", "models--org--name", "blobs");
		await mkdir(blobs, { recursive: true });
		await writeFile(join(blobs, `${sha256(weights)}.incomplete`), weights.subarray(0, 5000));
		const folder = await fetchFrom(hub, cache);
		expect(hub.requests.find(({ url }) => isWeights(url))?.headers.range).toBe("bytes=5000-");
		expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
	});

	it("starts over when the server knows no ranges, and survives a broken connection", async () => {
		const files = modelFiles();
		const weights = files["model.safetensors"] as Buffer;
		let tries = 0;
		const hub = await hubWithWeights(files, (_, response) => {
			tries++;
			if (tries > 1) return void response.end(weights);
			response.writeHead(200, { "content-length": weights.length });
			response.write(weights.subarray(0, 3000), () => response.destroy());
		});
		const folder = await fetchFrom(hub, await temporary());
		expect(tries).toBe(2);
		expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
	});

	it("is tried again after 429 and 500", async () => {
		const statuses = [429, 500];
		const hub = await hubWithWeights(modelFiles(), (_, response, next) => {
			const status = statuses.shift();
			if (status === undefined) return next();
			response.writeHead(status, { "retry-after": "0" }).end();
		});
		await fetchFrom(hub, await temporary());
		expect(hub.requests.filter(({ url }) => isWeights(url))).toHaveLength(3);
	});

	it("can be aborted", async () => {
		const abort = new AbortController();
		const hub = await hubWithWeights(modelFiles(), (_, response) => {
			response.write("x", () => abort.abort());
		});
		const error = await failure(fetchFrom(hub, await temporary(), { signal: abort.signal }));
		expect(error).toMatchObject({ code: "ABORTED", exitCode: 130 });
	});
});

describe("the token", () => {
	it("goes to the endpoint, not to another host it redirects to", async () => {
		const files = modelFiles();
		const seen: (string | undefined)[] = [];
		const other = await listen((request, response) => {
			seen.push(request.headers.authorization);
			response.end(files["model.safetensors"]);
		});
		const hub = await hubWithWeights(files, (_, response) => response.writeHead(302, { location: `${other}/x` }).end());
		const cache = await temporary();
		await fetchFrom(hub, cache, { env: hub.env(cache, { HF_TOKEN: "hf_secret" }) });
		expect(seen).toEqual([undefined]);
		expect(new Set(hub.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer hf_secret"]));
	});

	it("is read from the token file and follows a redirect on the same host", async () => {
		const hub = await hubWithWeights(modelFiles(), (request, response, next) => {
			if (request.url?.includes("?again")) next();
			else response.writeHead(307, { location: `${request.url}?again=/model.safetensors` }).end();
		});
		const cache = await temporary();
		await writeFile(join(cache, "token"), "hf_file\n");
		await fetchFrom(hub, cache);
		expect(hub.requests.every(({ headers }) => headers.authorization === "Bearer hf_file")).toBe(true);
	});
});

describe("a download fails clearly", () => {
	const weightsFail: [string, Handler, RegExp][] = [
		[
			"a wrong hash",
			(_q, r) => r.end(Buffer.alloc((modelFiles()["model.safetensors"] as Buffer).length)),
			/has the hash/,
		],
		["a body that stays short", (_q, r) => r.end("short"), /ended after \d+ of \d+ bytes|another range/],
		["a body that is too long", (_q, r) => r.end(Buffer.alloc(1 << 20)), /longer than/],
		["a redirect loop", (q, r) => r.writeHead(302, { location: q.url }).end(), /redirects more than 5 times/],
		[
			"a redirect to plain http elsewhere",
			(_q, r) => r.writeHead(302, { location: "http://169.254.169.254/x" }).end(),
			/refused to go to http:\/\/169/,
		],
		[
			"a redirect to a file",
			(_q, r) => r.writeHead(302, { location: "file:///etc/passwd" }).end(),
			/refused to go to file/,
		],
		[
			"a redirect with credentials",
			(_q, r) => r.writeHead(302, { location: "https://a:b@host/x" }).end(),
			/refused to go/,
		],
		["a redirect to nowhere", (_q, r) => r.writeHead(302).end(), /redirects to nowhere/],
		["401", (_q, r) => r.writeHead(401).end(), /answers 401/],
		["403", (_q, r) => r.writeHead(403).end(), /answers 403/],
		["503 for good", (_q, r) => r.writeHead(503).end(), /answers 503/],
	];
	it.each(weightsFail)("with %s", async (_, handler, message) => {
		const hub = await hubWithWeights(modelFiles(), handler);
		const cache = await temporary();
		const error = await failure(fetchFrom(hub, cache));
		expect(error).toMatchObject({ code: "NETWORK", exitCode: 3, message: expect.stringMatching(message) });
		expect(await readdir(join(cache, "hub", "models--org--name", "blobs"))).not.toContain(
			sha256(modelFiles()["model.safetensors"] as Buffer),
		);
	});

	it("with a stalling body", async () => {
		const hub = await hubWithWeights(modelFiles(), (_, response) => void response.write("x"));
		const impatient = { ...timing, stallMs: 200, retries: 0 };
		await expectFailure(fetchFrom(hub, await temporary(), { timing: impatient }), "NETWORK", /stalled/);
	});

	it("with an unknown model, naming its path", async () => {
		const hub = await startHub({}, (_, response) => response.writeHead(404).end());
		await expectFailure(fetchFrom(hub, await temporary()), "CONFIG", /answers 404 for \/api\/models\/org\/name/);
	});

	it("when the server cannot be reached", async () => {
		const env = { HOME: await temporary(), HF_ENDPOINT: "http://127.0.0.1:1" };
		await expectFailure(hubSnapshot(model, { env, timing }), "NETWORK", /127\.0\.0\.1:1 cannot be reached/);
	});

	it.each(["file:///etc", "http://169.254.169.254", "http://example.com", "https://user:x@example.com", "nonsense"])(
		"with the endpoint %s",
		async (endpoint) => {
			const env = { HOME: await temporary(), HF_ENDPOINT: endpoint };
			await expectFailure(hubSnapshot(model, { env }), "CONFIG", /HF_ENDPOINT must be an https URL/);
		},
	);

	it("offline, saying what to do, without any request", async () => {
		const hub = await startHub(modelFiles());
		const cache = await temporary();
		const error = await failure(fetchFrom(hub, cache, { env: hub.env(cache, { HF_HUB_OFFLINE: "1" }) }));
		expect(error).toMatchObject({ code: "NETWORK", hint: expect.stringMatching(/Unset HF_HUB_OFFLINE/) });
		expect(hub.requests).toEqual([]);
		const folder = await fetchFrom(hub, cache);
		expect(await fetchFrom(hub, cache, { env: hub.env(cache, { HF_HUB_OFFLINE: "1" }) })).toBe(folder);
	});
});

describe("the listing", () => {
	const listing = (names: unknown[]) =>
		startHub(modelFiles(), (request, response, next) => {
			if (!request.url?.startsWith("/api")) return next();
			const siblings = Object.entries(modelFiles()).map(([name, bytes]) => listed(name, bytes));
			const hostile = names.map((rfilename) => ({ rfilename, size: 1, blobId: "0".repeat(40) }));
			response.end(JSON.stringify({ sha: COMMIT, siblings: [...siblings, ...hostile] }));
		});

	it.each(["../../.ssh/authorized_keys", "/etc/passwd", "C:\\x", "a\\..\\b", "a/../../b", "a\nb", "", 7])(
		"with the file name %j is refused as a whole",
		async (name) => {
			const hub = await listing([name]);
			const cache = await temporary();
			await expectFailure(fetchFrom(hub, cache), "NETWORK", /unsafe name/);
			expect(paths(hub)).toEqual(["/api/models/org/name/revision/main?blobs=true"]);
			expect(await readdir(cache)).toEqual([]);
		},
	);

	it("with files in sub-folders is fine: they are not fetched", async () => {
		await fetchFrom(await listing(["onnx/model.onnx"]), await temporary());
	});

	it.each<[string, string, RegExp]>([
		["that is not JSON", "<html>", /not JSON/],
		["without a commit", "{}", /no commit/],
		["whose commit is a path", '{"sha":"../../x","siblings":[]}', /no commit/],
	])("%s is an error", async (_, body, message) => {
		const hub = await startHub({}, (_request, response) => response.end(body));
		await expectFailure(fetchFrom(hub, await temporary()), "NETWORK", message);
	});

	it("refuses repositories without safetensors before downloading anything", async () => {
		const small = { "config.json": Buffer.from("{}") };
		const cases: [string, RegExp][] = [
			["pytorch_model.bin", /only Python pickles/],
			["m.gguf", /holds GGUF files \(m\.gguf\)/],
			["adapter_config.json", /is an adapter/],
		];
		for (const [name, message] of cases) {
			const hub = await startHub({ ...small, [name]: Buffer.from("x") });
			expect((await failure(fetchFrom(hub, await temporary()))).message).toMatch(message);
			expect(hub.requests).toHaveLength(1);
		}
	});
});
