import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../lib/cli/commands/index.js";
import { buildParser } from "../../lib/cli/program.js";
import { cliPath, runCli } from "./run-cli.js";

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-cli-"));
	writeFileSync(join(folder, "sft.jsonl"), '{"prompt": "a", "completion": "b"}\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

function config(text: string | object): string {
	const path = join(folder, "c.json");
	writeFileSync(path, typeof text === "string" ? text : JSON.stringify(text));
	return path;
}

const valid = { model: { path: "none" }, data: { sft: { path: "sft.jsonl" } }, strategy: { name: "sft" } };

describe("bad usage ends with 2 and one helpful message", () => {
	test.each([
		[[], "Name a command."],
		[["rnu"], "Did you mean run?"],
		[["teleport"], "Unknown argument: teleport"],
		[["run"], "Not enough non-option arguments: got 0, need at least 1"],
		[["run", "c.json", "--sett", "a=1"], "Unknown argument: sett"],
		[["run", "c.json", "--output"], "Not enough arguments following: output"],
		[["schema", "run", "extra"], "Unknown argument: extra"],
		[["score", "c.json"], "Missing required argument: out"],
		[["generate", "c.json", "--prompt", "a", "--file", "b"], "Arguments prompt and file are mutually exclusive"],
	])("%j", async (args, message) => {
		const result = await runCli(args);
		expect(result.stderr).toBe(`error: ${message}\nhint: \`xright-native --help\` lists commands and flags.\n`);
		expect(result).toMatchObject({ code: 2, stdout: "" });
	});
});

describe("generate says what it needs", () => {
	test.each([
		[["c.json"], "give the prompt with --prompt TEXT or --file FILE"],
		[["c.json", "--prompt", "a", "--top-p", "1.5"], "--top-p must be more than 0 and at most 1"],
		[["c.json", "--prompt", "a", "--temperature", "warm"], "--temperature must be 0 (greedy) or more"],
		[["c.json", "--prompt", "a", "--max-new-tokens", "0"], "--max-new-tokens must be a whole number of at least 1"],
		[["c.json", "--file", "gone.txt"], "cannot read the prompt from gone.txt"],
		[["test", "--prompt", "a"], "test is not the folder of a run: it has no config.json"],
	])("%j", async (args, message) => {
		const result = await runCli(["generate", ...args]);
		expect(result.stderr).toContain(`error: ${message}`);
		expect(result).toMatchObject({ code: 2, stdout: "" });
	});
});

describe("a bad configuration ends with 2 and names file and key", () => {
	test.each([
		["{", "c.json:1:2: expected a key in double quotes, but the text ends here"],
		[{ ...valid, lambd: 0.3 }, "unknown key lambd: here it is strategy.lambda"],
		[{ ...valid, train: { stpes: 3 } }, "unknown key train.stpes: did you mean train.steps?"],
		[{ ...valid, seed: "x" }, 'seed must be a number, not "x"'],
		[{ ...valid, data: { sft: { path: "gone.jsonl" } } }, "data.sft.path: no such file or folder"],
	])("%j", async (text, message) => {
		const result = await runCli(["run", config(text)]);
		expect(result.stderr).toContain(message);
		expect(result.stderr).not.toMatch(/^\s+at /m);
		expect(result).toMatchObject({ code: 2, stdout: "" });
	});

	test("a file that is not there", async () => {
		const result = await runCli(["run", join(folder, "gone.json")]);
		expect(result.code).toBe(2);
		expect(result.stderr).toMatch(/^error: cannot read .*gone\.json: no such file\n$/);
	});

	test("--set is checked like the file", async () => {
		const result = await runCli(["run", config(valid), "--set", "train.optimizer.lr=fast"]);
		expect(result.code).toBe(2);
		expect(result.stderr).toContain('train.optimizer.lr must be a number, not "fast"');
	});

	test("--verbose adds the code and where it happened", async () => {
		const result = await runCli(["run", config("{"), "--verbose"]);
		expect(result.stderr).toContain("code: CONFIG");
		expect(result.stderr).toMatch(/^\s+at /m);
	});
});

describe("colour", () => {
	test("none without a terminal", async () => {
		expect((await runCli(["teleport"])).stderr).not.toContain("\x1b");
	});

	test("FORCE_COLOR asks for it, NO_COLOR forbids it", async () => {
		expect((await runCli(["teleport"], { FORCE_COLOR: "1" })).stderr).toContain("\x1b[31merror:");
		expect((await runCli(["teleport"], { FORCE_COLOR: "", NO_COLOR: "1" })).stderr).not.toContain("\x1b");
	});
});

test("schema prints the files in the repository", async () => {
	const file = new URL("../../schema/run.schema.json", import.meta.url);
	expect(await runCli(["schema"])).toEqual({ code: 0, stdout: readFileSync(file, "utf8"), stderr: "" });
	const sweep = new URL("../../schema/sweep.schema.json", import.meta.url);
	expect((await runCli(["schema", "sweep"])).stdout).toBe(readFileSync(sweep, "utf8"));
});

test("a reader that stops reading is no crash", () => {
	const shell = spawnSync("sh", ["-c", `"${process.execPath}" "${cliPath}" schema | head -1`], { encoding: "utf8" });
	expect(shell).toMatchObject({ status: 0, stdout: "{\n", stderr: "" });
});

test("--version is the package's", async () => {
	const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
	expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help lists every command, and each command explains itself with examples", async () => {
	const { code, stdout } = await runCli(["--help"]);
	expect(code).toBe(0);
	for (const command of commands) {
		const name = String(command.command).split(" ")[0]!;
		expect(stdout).toContain(`xright-native ${name}`);
		const help = await runCli([name, "--help"]);
		expect(help.code).toBe(0);
		expect(help.stdout).toContain("Examples:");
	}
});

test("the flags are frozen: new settings go into the configuration", () => {
	const flags = commands.map((command) => {
		const parser = buildParser();
		(command.builder as (yargs: typeof parser) => unknown)(parser);
		const { key } = (parser as unknown as { getOptions(): { key: Record<string, boolean> } }).getOptions();
		return [
			command.command,
			Object.keys(key)
				.filter((flag) => !["help", "version", "h", "verbose"].includes(flag))
				.sort(),
		];
	});
	expect(Object.fromEntries(flags)).toMatchInlineSnapshot(`
		{
		  "bench [trial..]": [
		    "against",
		    "json",
		    "model",
		    "output",
		    "preference",
		    "python",
		    "rounds",
		    "sft",
		    "threads",
		    "trial",
		  ],
		  "doctor": [
		    "json",
		  ],
		  "generate <source>": [
		    "file",
		    "max-new-tokens",
		    "prompt",
		    "set",
		    "source",
		    "temperature",
		    "template",
		    "top-p",
		  ],
		  "run <config>": [
		    "config",
		    "dry-run",
		    "json",
		    "output",
		    "profile",
		    "resume",
		    "set",
		  ],
		  "schema [kind]": [
		    "kind",
		  ],
		  "score <config>": [
		    "config",
		    "out",
		    "set",
		  ],
		  "setup": [
		    "device",
		    "json",
		  ],
		  "sweep <config>": [
		    "config",
		    "dry-run",
		    "json",
		    "output",
		    "set",
		  ],
		  "toy <study>": [
		    "json",
		    "out",
		    "study",
		  ],
		}
	`);
});
