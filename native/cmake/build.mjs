#!/usr/bin/env node
// Stands in for node-gyp when prebuildify calls it (`rebuild --target=… --arch=…`): builds with cmake-js instead, into
// the same build/Release, without downloading headers (Node-API ones come from a package).
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const arch = process.argv.find((argument) => argument.startsWith("--arch="))?.slice("--arch=".length);
if (arch !== undefined && arch !== process.arch) {
	process.stderr.write(`error: cannot build for ${arch} on ${process.arch}\n`);
	process.exitCode = 3;
} else {
	process.argv.splice(2, Infinity, "--native");
	await import(pathToFileURL(join(root, "scripts", "prepare.mjs")).href);
}
