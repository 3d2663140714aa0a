import { expect, it } from "vitest";
import { foreignEnvironment, prepareEnvironment } from "../../lib/cli/environment.js";

it("limits the caches of matrix products for this program, not for others it starts", () => {
	const env: NodeJS.ProcessEnv = { PATH: "/bin" };
	prepareEnvironment(env);
	expect(env).toEqual({ PATH: "/bin", ONEDNN_PRIMITIVE_CACHE_CAPACITY: "64", LRU_CACHE_CAPACITY: "64" });
	expect(foreignEnvironment(env)).toEqual({ PATH: "/bin" });
});

it("leaves what the user set", () => {
	const own = { ONEDNN_PRIMITIVE_CACHE_CAPACITY: "1024", LRU_CACHE_CAPACITY: "2048" };
	const env: NodeJS.ProcessEnv = { ...own };
	prepareEnvironment(env);
	expect(env).toEqual(own);
	expect(foreignEnvironment(env)).toEqual(env);
});
