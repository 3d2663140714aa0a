/**
 * Matrix products that oneDNN keeps compiled, and those that LibTorch keeps described (a quarter of a megabyte each),
 * unless the user says otherwise. A micro-batch needs fewer than 64 shapes and the next one, of another length, hardly any
 * of them again; at their own 1024 the two take more than a gigabyte.
 */
const settings = { ONEDNN_PRIMITIVE_CACHE_CAPACITY: "64", LRU_CACHE_CAPACITY: "64" };

/** Sets what LibTorch's libraries read from the environment; before they are loaded, and for this program only. */
export function prepareEnvironment(env: NodeJS.ProcessEnv): void {
	for (const [name, value] of Object.entries(settings)) env[name] ??= value;
}

/** The environment of programs that are not ours. */
export function foreignEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const kept = Object.entries(env).filter(([name, value]) => settings[name as keyof typeof settings] !== value);
	return Object.fromEntries(kept);
}
