import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../lib/config/parse.js";
import { formats } from "../../lib/data/formats/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "examples/paper");
const names = readdirSync(folder, { recursive: true })
	.map(String)
	.filter((name) => name.endsWith(".json"));
const configOf = (name: string) => parseConfig(JSON.parse(readFileSync(join(folder, name), "utf8")), name);

test("examples/paper is what the table says (node scripts/make-paper-configs.mjs)", () => {
	const script = join(root, "scripts/make-paper-configs.mjs");
	expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});

describe("every configuration of the paper", () => {
	test.each(names)("%s fits the schema and names formats that serve its data", (name) => {
		const config = configOf(name);
		for (const objective of ["preference", "sft"] as const) {
			const format = config.data[objective]?.format;
			if (format === undefined) continue;
			expect(formats.find((candidate) => candidate.name === format)?.convert).toHaveProperty(objective);
		}
		expect(config.output).toBe(`runs/paper/${name.replace(/\.json$/, "")}`);
	});

	test("each strategy spends as many steps as the others of its folder", () => {
		const joint = names.filter((name) => /sequential|mix|alright|maxright/.test(name));
		const steps = new Map<string, Set<number | null>>();
		for (const name of joint) {
			const experiment = name.split(/[\\/]/)[0]!;
			const counts = steps.get(experiment) ?? new Set();
			steps.set(experiment, counts.add(configOf(name).train.steps));
		}
		// OPT's Sequential trains an epoch of each objective, against one epoch of the joint runs.
		const { "opt-1.3b-ultrafeedback": opt, ...others } = Object.fromEntries(steps);
		expect(Object.values(others).map((counts) => counts.size)).toEqual([1, 1, 1, 1, 1, 1]);
		expect([...opt!].sort()).toEqual([4602, 9204]);
	});

	test("is described in docs/paper.md", () => {
		const text = readFileSync(join(root, "docs/paper.md"), "utf8");
		const experiments = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		for (const { name } of experiments) expect(text).toContain(`\`${name}\``);
	});
});
