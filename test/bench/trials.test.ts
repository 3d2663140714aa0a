import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { shapes } from "../../lib/bench/shapes/index.js";
import { trials } from "../../lib/bench/trials/index.js";

test("every file in the folder is in the list, under its own name", () => {
	const files = readdirSync(fileURLToPath(new URL("../../lib/bench/trials/", import.meta.url)));
	const names = files.filter((file) => file !== "index.ts").map((file) => file.replace(/\.ts$/, ""));
	expect(trials.map(({ name }) => name).sort()).toEqual(names.sort());
});

test.each(trials.map((trial) => [trial.name, trial] as const))(
	"%s has a known model and one name a contender",
	(_, trial) => {
		expect(shapes).toHaveProperty(trial.model);
		const names = trial.contenders.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
	},
);

test("bars are null, not wrong, when nothing was measured", () => {
	for (const { bars } of trials) for (const bar of bars) expect([bar.text, bar.value({})]).toEqual([bar.text, null]);
});
