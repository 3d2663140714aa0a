import { XrightError } from "../../errors.js";
import { type HubSettings, isAllowed, isLoopback } from "./settings.js";

export interface HubTiming {
	/** Longest wait for the headers of a reply. */
	replyMs: number;
	/** A body must bring bytes in each stretch of this length. */
	stallMs: number;
	/** Further tries after a failure that may pass. */
	retries: number;
	/** First wait between tries; it doubles. */
	backoffMs: number;
}

export const defaultTiming: HubTiming = { replyMs: 15_000, stallMs: 30_000, retries: 4, backoffMs: 1000 };

export interface HubContext {
	settings: HubSettings;
	timing: HubTiming;
	signal?: AbortSignal | undefined;
}

const MAX_REDIRECTS = 5;
const MAX_WAIT_MS = 30_000;

/** A failure that another try may cure; never leaves this folder. */
export class Passing extends Error {
	readonly waitMs: number | undefined;
	/** No connection at all: likely to stay so, tried once more only. */
	readonly unreachable: boolean;

	constructor(message: string, options: { waitMs?: number | undefined; unreachable?: boolean; cause?: unknown } = {}) {
		super(message, { cause: options.cause });
		this.waitMs = options.waitMs;
		this.unreachable = options.unreachable ?? false;
	}
}

/**
 * GET with redirects followed by hand: only to https (or this machine when the endpoint is there), at most five, and
 * the token goes to the configured host only. Throws Passing or XrightError.
 */
export async function get(context: HubContext, url: URL, headers: Record<string, string> = {}): Promise<Response> {
	const { endpoint, token } = context.settings;
	let at = url;
	for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
		if (!isAllowed(at, isLoopback(endpoint.hostname))) throw network(`refused to go to ${at.protocol}//${at.host}`);
		const own: Record<string, string> =
			at.origin === endpoint.origin && token ? { authorization: `Bearer ${token}` } : {};
		const response = await fetchOnce(context, at, { "user-agent": "xright-native", ...headers, ...own });
		if (![301, 302, 303, 307, 308].includes(response.status)) return accept(response, at, token !== null);
		const location = response.headers.get("location");
		await response.body?.cancel();
		if (!location || !URL.canParse(location, at.href)) throw network(`${at.host} redirects to nowhere`);
		at = new URL(location, at.href);
	}
	throw network(`${url.host} redirects more than ${MAX_REDIRECTS} times`);
}

async function fetchOnce(context: HubContext, url: URL, headers: Record<string, string>): Promise<Response> {
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(), context.timing.replyMs);
	const signal = context.signal ? AbortSignal.any([late.signal, context.signal]) : late.signal;
	try {
		return await fetch(url, { headers, redirect: "manual", signal });
	} catch (cause) {
		if (context.signal?.aborted) throw aborted(context.signal);
		const why = late.signal.aborted ? "did not answer in time" : `cannot be reached (${reason(cause)})`;
		throw new Passing(`${url.host} ${why}`, { cause, unreachable: true });
	} finally {
		clearTimeout(timer);
	}
}

async function accept(response: Response, url: URL, hasToken: boolean): Promise<Response> {
	if (response.ok) return response;
	await response.body?.cancel();
	const what = `${url.host} answers ${response.status} for ${url.pathname}`;
	if (response.status === 429 || response.status >= 500) throw new Passing(what, { waitMs: retryAfter(response) });
	if (response.status === 404) {
		throw new XrightError("CONFIG", what, { hint: "Check the spelling of the model id, the revision and the file." });
	}
	if (response.status === 401 || response.status === 403) {
		const hint = hasToken
			? "The token may not read this model: accept its terms on its page, or use another token."
			: "The model does not exist, or needs a token: set HF_TOKEN.";
		throw network(what, hint);
	}
	throw network(what);
}

function retryAfter(response: Response): number | undefined {
	const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
	return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, MAX_WAIT_MS) : undefined;
}

/** Runs `attempt`, again after a pause when it fails with Passing. Throws NETWORK when the tries are used up. */
export async function withRetries<T>(context: HubContext, attempt: () => Promise<T>): Promise<T> {
	const { retries, backoffMs } = context.timing;
	for (let tried = 0; ; tried++) {
		try {
			return await attempt();
		} catch (error) {
			if (context.signal?.aborted) throw aborted(context.signal);
			if (!(error instanceof Passing)) throw error;
			if (tried >= (error.unreachable ? Math.min(retries, 1) : retries)) {
				throw network(error.message, "Check the connection and try again: finished parts are kept.", error);
			}
			await pause(error.waitMs ?? Math.min(backoffMs * 2 ** tried, MAX_WAIT_MS), context.signal);
		}
	}
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve, reject) => {
		const stop = () => {
			clearTimeout(timer);
			reject(aborted(signal as AbortSignal));
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			resolve();
		}, ms);
		signal?.addEventListener("abort", stop, { once: true });
	});
}

export function aborted(signal: AbortSignal): XrightError {
	return new XrightError("ABORTED", "stopped while fetching the model", { cause: signal.reason });
}

export function network(message: string, hint?: string, cause?: unknown): XrightError {
	return new XrightError("NETWORK", message, { cause, ...(hint !== undefined && { hint }) });
}

function reason(cause: unknown): string {
	const inner = (cause as { cause?: { code?: string; message?: string } }).cause;
	return inner?.code ?? inner?.message ?? (cause as Error).message;
}
