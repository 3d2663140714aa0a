import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Compiles lib/ to dist/ once before the tests: those of the command line run it as users do. */
export default function buildDist(): void {
	const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
	const project = fileURLToPath(new URL("../tsconfig.build.json", import.meta.url));
	try {
		execFileSync(process.execPath, [tsc, "-p", project], { encoding: "utf8", stdio: "pipe" });
	} catch (error) {
		// The compiler still writes what it can; type errors are the business of `npm run check`.
		process.stderr.write(`${(error as { stdout?: string }).stdout ?? error}\n`);
	}
}
