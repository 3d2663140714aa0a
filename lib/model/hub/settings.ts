import { homedir } from "node:os";
import { join } from "node:path";
import { XrightError } from "../../errors.js";
import { readTextIfPresent } from "../files.js";

/** Where the hub is and where its files are kept: the environment variables that Hugging Face's own tools obey. */
export interface HubSettings {
	endpoint: URL;
	token: string | null;
	/** Folder with `models--org--name` folders. */
	cache: string;
	offline: boolean;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";

/** The user's cache folder (`$XDG_CACHE_HOME`, else `~/.cache`). */
export function userCache(env: NodeJS.ProcessEnv): string {
	return env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache");
}

/** Reads HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE. Throws CONFIG on a bad endpoint. */
export async function hubSettings(env: NodeJS.ProcessEnv): Promise<HubSettings> {
	const home = env.HF_HOME || join(userCache(env), "huggingface");
	return {
		endpoint: parseEndpoint(env.HF_ENDPOINT || DEFAULT_ENDPOINT),
		token: await readToken(env, env.HF_TOKEN_PATH || join(home, "token")),
		cache: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"),
		offline: [env.HF_HUB_OFFLINE, env.TRANSFORMERS_OFFLINE].some((value) => /^(1|true|yes|on)$/i.test(value ?? "")),
	};
}

async function readToken(env: NodeJS.ProcessEnv, file: string): Promise<string | null> {
	const text = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || (await readTextIfPresent(file, "CONFIG", 4096)) || "";
	const token = text.trim();
	if (token !== "" && !/^[\x21-\x7e]+$/.test(token)) {
		throw new XrightError("CONFIG", "HF_TOKEN (or the token file) holds characters that no token has");
	}
	return token || null;
}

function parseEndpoint(text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url && isAllowed(url, isLoopback(url.hostname))) return url;
	throw new XrightError(
		"CONFIG",
		`HF_ENDPOINT must be an https URL (http only for this machine), is ${JSON.stringify(text)}`,
	);
}

/** https without credentials in the URL; http only for this machine, when `loopback` may be reached at all. */
export function isAllowed(url: URL, loopback: boolean): boolean {
	if (url.username !== "" || url.password !== "") return false;
	if (isLoopback(url.hostname)) return loopback && (url.protocol === "http:" || url.protocol === "https:");
	return url.protocol === "https:";
}

export function isLoopback(hostname: string): boolean {
	return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
