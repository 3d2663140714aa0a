import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toyStudies } from "../../lib/toy/index.js";
import { runCli } from "./run-cli.js";

let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xright-toy-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("prints tables, and with --json one object; --out writes the same object and the plots, and replaces older ones", async () => {
	const out = join(folder, "new", "lower-bound");
	const people = await runCli(["toy", "lower-bound", "--out", out]);
	expect(people.code).toBe(0);
	expect(people.stdout).toMatch(/^f\* = log\(1 \+ √c\) +2\.578889734293 +2\.578889734293/m);
	expect(people.stderr).toMatch(/^done in [\d.]+ s; 3 files written to /);

	writeFileSync(join(out, "gap.svg"), "old");
	const machine = await runCli(["toy", "lower-bound", "--json", "--out", out]);
	expect(machine.code).toBe(0);
	const result = JSON.parse(machine.stdout);
	expect(result.study).toBe("lower-bound");
	expect(JSON.parse(readFileSync(join(out, "results.json"), "utf8"))).toEqual(result);
	expect(readdirSync(out).sort()).toEqual(["gap.svg", "objectives.svg", "results.json"]);
	for (const name of ["gap", "objectives"]) expect(readFileSync(join(out, `${name}.svg`), "utf8")).toMatch(/^<svg /);
});

test("every study explains its tables and draws its plots under file names of their own", async () => {
	for (const load of Object.values(toyStudies)) {
		const { study } = await load();
		const { result, tables, charts } = study([1]);
		expect(Object.keys(toyStudies)).toContain(result.study);
		for (const { caption, rows } of tables) {
			expect(caption).not.toBe("");
			expect(new Set(rows.map((row) => row.length)).size).toBe(1);
		}
		const names = (await charts()).map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
	}
});

test("an unknown study and a folder that cannot be made end with one message", async () => {
	const unknown = await runCli(["toy", "figure-3"]);
	expect(unknown).toMatchObject({ code: 2, stdout: "" });
	expect(unknown.stderr).toContain('Choices: "lower-bound", "figure-2", "rates"');
	const file = join(folder, "file");
	writeFileSync(file, "");
	const blocked = await runCli(["toy", "lower-bound", "--out", join(file, "in")]);
	expect(blocked.code).toBe(3);
	expect(blocked.stderr).toContain(`${join(file, "in")} could not be written`);
});
