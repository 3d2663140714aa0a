// `npm run check`: formatting, lint, types, C++ formatting and the package's own metadata. Runs all, then fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { has, root, run } from "./toolchain.mjs";

const tool = (...path) => join(root, "node_modules", ...path);

function sources(pattern) {
	const { stdout } = spawnSync("git", ["ls-files", "-z", "native", "test/native"], { cwd: root, encoding: "utf8" });
	return stdout.split("\0").filter((name) => pattern.test(name));
}

const checks = [
	["biome", () => run(tool(".bin", "biome"), ["check", "--error-on-warnings"])],
	["tsc", () => run(tool(".bin", "tsc"), ["-p", "tsconfig.json", "--noEmit"])],
	["publint", () => run(tool(".bin", "publint"), ["--strict", "--pack", "npm"])],
];
if (has("clang-format")) {
	checks.push(["clang-format", () => run("clang-format", ["--dry-run", "--Werror", ...sources(/\.(h|cpp|cu)$/)])]);
} else process.stderr.write("clang-format is not installed: the C++ formatting is not checked\n");

const failed = checks.filter(([name, check]) => {
	process.stdout.write(`— ${name}\n`);
	return check() !== 0;
});
if (failed.length > 0) process.stderr.write(`failed: ${failed.map(([name]) => name).join(", ")}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
