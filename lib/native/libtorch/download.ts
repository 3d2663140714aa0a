import { createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { XrightError } from "../../errors.js";

export interface DownloadOptions {
	signal?: AbortSignal;
	/** Bytes here so far and in all; `total` is null when the server does not say. */
	progress?(bytes: number, total: number | null): void;
	/** Attempts that bring no new byte before giving up. */
	tries?: number;
	/** Milliseconds without a byte before an attempt is given up. */
	stall?: number;
}

const maxRedirects = 5;

/**
 * Downloads to `file` by way of `file.part`, continuing an earlier part with a Range request. Only HTTPS, or HTTP on
 * this machine; redirects may not leave HTTPS.
 * @throws XrightError NETWORK
 */
export async function download(url: string, file: string, options: DownloadOptions = {}): Promise<void> {
	const part = `${file}.part`;
	let failures = 0;
	for (;;) {
		const before = await sizeOf(part);
		try {
			await attempt(url, part, before, options);
			return await rename(part, file);
		} catch (error) {
			options.signal?.throwIfAborted();
			if (error instanceof XrightError || (error as NodeJS.ErrnoException).code === "ENOSPC") throw error;
			failures = (await sizeOf(part)) > before ? 1 : failures + 1;
			if (failures >= (options.tries ?? 4)) throw unreachable(url, reasonOf(error), error);
			await sleep(250 * 2 ** failures, undefined, { signal: options.signal });
		}
	}
}

async function attempt(url: string, part: string, have: number, options: DownloadOptions): Promise<void> {
	const stalled = new AbortController();
	const limit = options.stall ?? 30_000;
	let timer = setTimeout(() => stalled.abort(new Error("the server stopped answering")), limit);
	const signal = options.signal ? AbortSignal.any([options.signal, stalled.signal]) : stalled.signal;
	try {
		const response = await follow(url, have, signal);
		const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
		if (response.status === 416 && have > 0 && totalOf416(response) === have) return;
		if (response.status >= 500) throw new Error(`HTTP ${response.status}`);
		const resumed = response.status === 206 && Number(range?.[1]) === have;
		if (response.status !== 200 && !resumed) throw unreachable(url, `HTTP ${response.status}`);
		const length = response.headers.get("content-length");
		const total = resumed ? Number(range?.[2]) : length === null ? null : Number(length);
		let bytes = resumed ? have : 0;
		const count = new Transform({
			transform(chunk: Buffer, _encoding, callback) {
				bytes += chunk.length;
				timer.refresh();
				options.progress?.(bytes, total);
				callback(null, chunk);
			},
		});
		const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
		await pipeline(body, count, createWriteStream(part, { flags: resumed ? "a" : "w" }), { signal });
		if (total !== null && bytes !== total) throw new Error(`the connection ended after ${bytes} of ${total} bytes`);
	} finally {
		clearTimeout(timer);
		timer = undefined as never;
	}
}

async function follow(url: string, have: number, signal: AbortSignal): Promise<Response> {
	let at = new URL(url);
	for (let hops = 0; hops <= maxRedirects; hops++) {
		const local = ["127.0.0.1", "localhost", "[::1]"].includes(at.hostname);
		if (at.protocol !== "https:" && !(at.protocol === "http:" && local))
			throw unreachable(url, `${at.protocol} is not safe`);
		const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
		const response = await fetch(at, { redirect: "manual", signal, headers });
		const location = response.headers.get("location");
		if (response.status < 300 || response.status >= 400 || location === null) return response;
		await response.body?.cancel();
		at = new URL(location, at);
	}
	throw unreachable(url, `more than ${maxRedirects} redirects`);
}

export async function sizeOf(file: string): Promise<number> {
	return stat(file).then(
		({ size }) => size,
		() => 0,
	);
}

function totalOf416(response: Response): number {
	return Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1]);
}

function reasonOf(error: unknown): string {
	const { cause, message } = error as Error;
	return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function unreachable(url: string, reason: string, cause?: unknown): XrightError {
	return new XrightError("NETWORK", `Could not download ${url}: ${reason}`, {
		hint: "Check the network and run again: npx xright-native setup (finished parts are kept)",
		cause,
	});
}
