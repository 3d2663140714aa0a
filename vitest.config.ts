import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		globalSetup: ["test/build-dist.ts"],
		// Native code in a process of its own: a crash fails one file, and LibTorch's state is not shared.
		pool: "forks",
		testTimeout: 60_000,
		hookTimeout: 120_000,
	},
});
