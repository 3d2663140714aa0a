import { expect, it } from "vitest";
import { foreignEnvironment, prepareEnvironment } from "../../lib/cli/environment.js";

it("limits oneDNN's cache for this program, not for others it starts", () => {
	const env: NodeJS.ProcessEnv = { PATH: "/bin" };
	prepareEnvironment(env);
	expect(env).toEqual({ PATH: "/bin", ONEDNN_PRIMITIVE_CACHE_CAPACITY: "64" });
	expect(foreignEnvironment(env)).toEqual({ PATH: "/bin" });
});

it("leaves what the user set", () => {
	const env: NodeJS.ProcessEnv = { ONEDNN_PRIMITIVE_CACHE_CAPACITY: "1024" };
	prepareEnvironment(env);
	expect(env).toEqual({ ONEDNN_PRIMITIVE_CACHE_CAPACITY: "1024" });
	expect(foreignEnvironment(env)).toEqual(env);
});
