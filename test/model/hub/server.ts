import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { float32File } from "../support.js";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const TOKENIZER = JSON.stringify({
	version: "1.0",
	added_tokens: [],
	model: { type: "BPE", vocab: {}, merges: [] },
});

/** Files of a tiny model. */
export function modelFiles(): Record<string, Buffer> {
	return {
		"config.json": Buffer.from(JSON.stringify({ model_type: "llama", eos_token_id: 2 })),
		"tokenizer.json": Buffer.from(TOKENIZER),
		"model.safetensors": float32File({ "model.norm.weight": [4096] }),
		"README.md": Buffer.from("not wanted"),
	};
}

export type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface Hub {
	url: string;
	/** "METHOD path" of every request, in order. */
	requests: IncomingMessage[];
	env: (cache: string, more?: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
}

const servers: Server[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

/** Starts a server on this machine that answers with `handler`. */
export async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
	const server = createServer(handler);
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** How the hub lists a file: a SHA-256 for large ones (here: safetensors), git's SHA-1 for the others. */
export function listed(name: string, bytes: Buffer): Record<string, unknown> {
	if (name.endsWith(".safetensors")) {
		const sha256 = createHash("sha256").update(bytes).digest("hex");
		return { rfilename: name, size: bytes.length, lfs: { sha256, size: bytes.length, pointerSize: 130 } };
	}
	const blobId = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
	return { rfilename: name, size: bytes.length, blobId };
}

/** A hub that serves `org/name`; `intercept` sees each request first. */
export async function startHub(
	files: Record<string, Buffer>,
	intercept: Handler = (_q, _r, next) => next(),
): Promise<Hub> {
	const requests: IncomingMessage[] = [];
	const url = await listen((request, response) => {
		requests.push(request);
		intercept(request, response, () => serve(files, request, response));
	});
	const env = (cache: string, more: NodeJS.ProcessEnv = {}) => ({
		HOME: cache,
		HF_HOME: cache,
		HF_ENDPOINT: url,
		...more,
	});
	return { url, requests, env };
}

function serve(files: Record<string, Buffer>, request: IncomingMessage, response: ServerResponse): void {
	const path = (request.url ?? "").split("?")[0] ?? "";
	if (path === "/api/models/org/name/revision/main") {
		const siblings = Object.entries(files).map(([name, bytes]) => listed(name, bytes));
		response.end(JSON.stringify({ sha: COMMIT, siblings }));
		return;
	}
	const bytes = files[path.replace(`/org/name/resolve/${COMMIT}/`, "")];
	if (!bytes) {
		response.writeHead(404).end();
		return;
	}
	const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
	if (start > 0) response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
	response.end(bytes.subarray(start));
}
