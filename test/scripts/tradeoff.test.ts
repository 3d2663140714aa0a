import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";

const script = (name: string) => import(new URL(`../../scripts/tradeoff/${name}.mjs`, import.meta.url).href);

const folder = mkdtempSync(join(tmpdir(), "xright-tradeoff-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("rows of the trade-off: short, usable, and no prompt in both splits", async () => {
	const { prepare } = await script("data");
	const pair = (prompt: string, chosen: string, rejected: string) => {
		const before = `\n\nHuman: ${prompt}\n\nAssistant:`;
		return { chosen: before + chosen, rejected: before + rejected };
	};
	const good = Array.from({ length: 200 }, (_, index) => pair(`question ${index}`, " yes", " no"));
	const bad = [pair("same", " a", " a"), pair("empty", " a", " "), pair("long", " a".repeat(300), " b")];
	const source = join(folder, "pairs.jsonl.gz");
	const rows = [...bad, ...good, pair("question 3", " again", " twice")];
	writeFileSync(source, gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));
	expect(prepare("preference", source, join(folder, "out"))).toMatchObject({ train: 104, heldOut: 96 });
	const written = ["test", "train"].flatMap((split) => {
		const lines = readFileSync(join(folder, "out", `${split}.jsonl`), "utf8")
			.trim()
			.split("\n");
		return lines.map((line) => JSON.parse(line));
	});
	expect(written).toEqual(good);
});

test("times at equal batches: a run's steps against Sequential's of the same objectives", async () => {
	const { timesAtEqualBatches } = await script("equal-batches");
	const run = (label: string, steps: [string, number][]) => {
		const events = steps.map(([objective, seconds]) => ({ event: "step", objective, seconds }));
		mkdirSync(join(folder, label), { recursive: true });
		const lines = [{ event: "eval" }, ...events].map((event) => JSON.stringify(event));
		writeFileSync(join(folder, label, "metrics.jsonl"), `${lines.join("\n")}\n`);
		return { label, strategy: label, lambda: null, folder: label, status: "completed" };
	};
	const points = [
		run("sequential", [
			["sft", 1],
			["sft", 3],
			["dpo", 6],
		]),
		run("maxright", [
			["sft", 3],
			["dpo", 6],
			["dpo", 5],
		]),
		run("mix", [["mix", 4]]),
		{ ...run("orpo", [["orpo", 4]]), status: "failed" },
	];
	const times = timesAtEqualBatches({ points }, folder);
	expect(times.map(({ ratio }: { ratio: number }) => ratio)).toEqual([1, 1, 0.5]);
});

test("the page compares at λ = 0.5 with the mean of both orders of Sequential", async () => {
	const { resultsMarkdown } = await script("results");
	const group = (strategy: string, lambda: number | null, seconds: number, distance: number) => {
		const mean = { seconds_per_step: seconds, tokens_per_second: 100 / seconds, ideal_distance: distance };
		return { label: strategy, strategy, lambda, mean };
	};
	const groups = [
		group("sequential", null, 1, 0.3),
		group("sequential", null, 3, 0.4),
		group("alright", 0.25, 9, 9),
		group("alright", 0.5, 2.02, 0.1),
		group("mix", 0.5, 3, 0.15),
	];
	const rows = { train: 1, heldOut: 1, longest: 400 };
	const page: string = resultsMarkdown({
		result: {
			groups,
			points: [{ steps: 60, seed: 1 }],
			optima: { preference: 0.5, sft: null },
			provenance: { model: "m", xright: "0.1.0", written: "2026-01-02T00:00:00Z" },
		},
		times: [
			{ label: "alright", lambda: 0.25, ratio: 9 },
			{ label: "alright", lambda: 0.5, ratio: 1.01 },
			{ label: "alright", lambda: 0.5, ratio: 1.02 },
			{ label: "mix", lambda: 0.5, ratio: 0.75 },
		],
		table: "| the sweep's table |\n",
		rows: { preference: rows, sft: rows },
		sources: { preference: "hh.jsonl.gz", sft: "tasks.jsonl.gz", set: ["train.steps=60"] },
		machine: {
			cpu: { model: "CPU", threads: 2 },
			core: { kernels: [] },
			system: { memory: 8e9, node: "22" },
			libtorch: { version: "2" },
		},
		plots: ["front.svg"],
	});
	for (const line of [
		"--preference hh.jsonl.gz --sft tasks.jsonl.gz --set 'train.steps=60'\n",
		"| alright | +1.0 % | +1.5 % (+1.0 %, +2.0 %) | 0.1000 | time reached",
		"| mix | +50.0 % | −25.0 % (−25.0 %) |",
		"| the sweep's table |",
		"DPO 0.5000, SFT not known",
		"![](front.svg)",
	])
		expect(page).toContain(line);
});
