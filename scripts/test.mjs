// `npm test`: builds what is out of date, runs the native tests (ctest) and the TypeScript tests (vitest), and ends
// with one line `N passed, N failed` that sums both. Extra arguments go to vitest.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError, report, root, run } from "./toolchain.mjs";

const results = mkdtempSync(join(tmpdir(), "xright-test-"));

/** Sums GoogleTest's own reports of the executables ctest ran. One that crashed or never ran is one failure. */
function readNative(junit, reports) {
	const sum = { passed: 0, failed: 0, skipped: 0 };
	const executables = existsSync(junit)
		? readFileSync(junit, "utf8").matchAll(/<testcase name="([^"]+)"[^>]*status="(\w+)"/g)
		: [];
	for (const [, name, status] of executables) {
		const counts = readGoogleTest(join(reports, `${name}.xml`));
		if (status !== "run" && counts.failed === 0) counts.failed = 1;
		for (const key of Object.keys(sum)) sum[key] += counts[key];
	}
	if (sum.passed + sum.failed === 0) sum.failed = 1;
	return sum;
}

function readGoogleTest(file) {
	if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
	const text = readFileSync(file, "utf8");
	const cases = text.match(/<testcase\b/g)?.length ?? 0;
	const failed = Number(/<testsuites\b[^>]*\bfailures="(\d+)"/.exec(text)?.[1] ?? 1);
	const skipped = text.match(/<testcase\b[^>]*result="(skipped|suppressed)"/g)?.length ?? 0;
	return { passed: cases - failed - skipped, failed, skipped };
}

/** Counts of vitest's JSON file; a test file that does not even load counts as one failure. */
function readVitest(file) {
	if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
	const found = JSON.parse(readFileSync(file, "utf8"));
	const broken = found.testResults.filter((suite) => suite.status === "failed" && suite.assertionResults.length === 0);
	return { passed: found.numPassedTests, failed: found.numFailedTests + broken.length, skipped: found.numPendingTests };
}

function requireStatus(status, message, hint) {
	if (status !== 0) throw new BuildError(message, hint);
}

function nativeTests() {
	const build = join(root, "build");
	const hint = "GoogleTest is needed, for example: apt-get install libgtest-dev";
	requireStatus(
		run("cmake", ["-S", root, "-B", build, "-DXRIGHT_TESTS=ON"]),
		"The native tests cannot be configured",
		hint,
	);
	requireStatus(
		run("cmake", ["--build", build, "--target", "xright_tests", "--parallel", "2"]),
		"The native tests do not compile",
	);
	const junit = join(results, "ctest.xml");
	const reports = join(build, "test-results");
	rmSync(reports, { recursive: true, force: true });
	const status = run("ctest", [
		"--test-dir",
		build,
		"--output-on-failure",
		"--no-tests=error",
		"--output-junit",
		junit,
	]);
	return { ...readNative(junit, reports), status };
}

function typescriptTests() {
	const json = join(results, "vitest.json");
	const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
	const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${json}`];
	const status = run(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)]);
	return { ...readVitest(json), status };
}

/** A part that cannot run at all counts as one failure; the other part still runs. */
function attempt(part) {
	try {
		const counts = part();
		// An error outside any test fails the run without failing a test.
		return counts.status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
	} catch (error) {
		return { passed: 0, failed: 1, skipped: 0, status: report(error) };
	}
}

const build = attempt(() => {
	const status = run(process.execPath, [join(root, "scripts", "prepare.mjs")]);
	requireStatus(
		status,
		"The build failed, so nothing was tested",
		"The messages are above; `npx xright-native doctor` says more",
	);
	return { passed: 0, failed: 0, skipped: 0, status };
});
const parts = build.failed > 0 ? [build] : [attempt(nativeTests), attempt(typescriptTests)];
rmSync(results, { recursive: true, force: true });
const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
process.stdout.write(`\n${sum("passed")} passed, ${sum("failed")} failed${skipped}\n`);
process.exitCode = sum("failed") > 0 ? 1 : 0;
