import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Variant } from "./pins.js";

export type Env = Record<string, string | undefined>;

/** `$XDG_CACHE_HOME/xright-native/libtorch`, shared by all checkouts; a relative XDG_CACHE_HOME counts as unset. */
export function cacheRoot(env: Env = process.env): string {
	const xdg = env.XDG_CACHE_HOME;
	const base = xdg && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), ".cache");
	return join(base, "xright-native", "libtorch");
}

/** Where one version and variant lives once complete; its `torch` folder holds lib/ and include/. */
export function cacheEntry(root: string, version: string, variant: Variant): string {
	return join(root, `${version}-${variant}`);
}
