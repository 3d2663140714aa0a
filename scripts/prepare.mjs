// npm's `prepare`: TypeScript to dist/, LibTorch found or fetched, native targets to build/Release. Each part does
// nothing when it is up to date. `--native` and `--ts` run one part only.
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BuildError, buildNative, report, root, run } from "./toolchain.mjs";

const main = join(root, "dist", "cli", "main.js");

function buildTypeScript() {
	const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
	if (!existsSync(tsc)) {
		if (existsSync(main)) return;
		throw new BuildError("TypeScript is not installed, and dist/ is not built", "Run: npm ci --include=dev");
	}
	removeStaleOutputs("");
	const status = run(process.execPath, [tsc, "-p", "tsconfig.build.json"]);
	if (status !== 0) throw new BuildError("The TypeScript build failed", undefined, 1);
	// npm links the bin before dist/ exists, so the mode is ours to set.
	chmodSync(main, 0o755);
}

/** A module deleted from lib/ must not live on in dist/. */
function removeStaleOutputs(folder) {
	const outputs = join(root, "dist", folder);
	if (!existsSync(outputs)) return;
	for (const entry of readdirSync(outputs, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) removeStaleOutputs(path);
		else if (!existsSync(join(root, "lib", path.replace(/(\.d)?\.(js|ts)(\.map)?$/, ".ts"))))
			rmSync(join(root, "dist", path));
	}
}

function hasPrebuild() {
	const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
	const isPackage = !existsSync(join(root, "lib"));
	return isPackage && existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".node"));
}

async function libtorch() {
	const load = (path) => import(join(root, "dist", path));
	const { searchLibTorch, findLibTorch } = await load("native/libtorch/find.js");
	const { found } = await searchLibTorch();
	if (found) return found.torch;
	if (process.env.XRIGHT_LIBTORCH) await findLibTorch();
	const { fetchLibTorch } = await load("native/libtorch/fetch.js");
	const { ProgressLine } = await load("cli/progress.js");
	const line = new ProgressLine(process.stderr);
	try {
		return (await fetchLibTorch({ progress: (progress) => line.show(progress) })).torch;
	} finally {
		line.end();
	}
}

try {
	const only = process.argv[2];
	if (!hasPrebuild()) {
		if (only !== "--native") buildTypeScript();
		if (only !== "--ts") {
			const folder = await libtorch();
			process.stderr.write(`LibTorch: ${folder}\n`);
			buildNative(folder);
		}
	}
} catch (error) {
	process.exitCode = report(error);
}
