#!/usr/bin/env node
const needed = [20, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
	process.stderr.write(
		`error: xright-native needs Node ${needed.join(".")} or newer; this is ${process.versions.node}\n`,
	);
	process.exitCode = 3;
} else {
	// Imported only now: an older Node could not even parse the rest.
	const { prepareEnvironment } = await import("./environment.js");
	prepareEnvironment(process.env);
	const { main } = await import("./program.js");
	process.exitCode = await main(process.argv.slice(2));
}
