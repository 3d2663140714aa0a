import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type * as library from "../../lib/index.js";
import { sweepGrid } from "../../lib/sweep/grid.js";
import { run } from "../../lib/train/run.js";
import { elements, parseSvg, texts } from "../report/svg.js";
import { createWorkspace, type Workspace } from "../train/workspace.js";
import { childrenOf, type Event, readFront, runSweep, writeSweep } from "./cli.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

const output = () => join(work.folder, "sweep");
const of = (events: Event[], event: string) => events.filter((each) => each.event === event);
const short = {
	train: { steps: 6, batch: { preference: 3, sft: 4 }, optimizer: { lr: 2e-3 } },
	evaluation: { every: 3 },
};
const long = { ...short, train: { ...short.train, steps: 200 }, evaluation: { every: 100 }, checkpoint: { every: 20 } };

/** Held-out losses of a point's configuration trained straight, outside the sweep. */
async function straight(path: string, index: number) {
	const grid = await sweepGrid(JSON.parse(await readFile(path, "utf8")), path, work.folder);
	const config = { ...grid.points[index]!.config, output: join(work.folder, "straight") };
	const { dpo, sft } = (await run(config, { env: work.env }).result).final;
	return { dpo, sft };
}

// Many processes, one after the other: minutes on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

describe("a sweep", () => {
	it("runs the grid, writes front, table and charts, and has nothing left to do when it is run again", async () => {
		const optima = { preference: 0.1, sft: 1 };
		const grid = { strategies: ["sequential", "alright"], lambda: [0.25, 0.75], seeds: [1, 2] };
		const path = await writeSweep(work, grid, { ...short, optima });
		const { code, events, stderr } = await runSweep(work, [path]);
		expect({ code, stderr: stderr.slice(-500) }).toMatchObject({ code: 0 });
		const names = of(events, "point").map(({ point }) => point);
		expect(names).toHaveLength(6);
		expect(of(events, "step").filter(({ point }) => point === names[3])).toHaveLength(6);

		const front = await readFront(work);
		expect(front).toMatchObject({ status: "completed", baseline: "sequential", optima });
		expect(front.points.map(({ name }) => name)).toEqual(names);
		const { name, dpo, sft, ...point } = front.points[2]!;
		expect(point).toMatchObject({
			strategy: "alright",
			lambda: 0.25,
			seed: 1,
			status: "completed",
			steps: 6,
			error: null,
		});
		expect(point["gap/dpo"]).toBeCloseTo(dpo! - 0.1, 12);
		expect(point.ideal_distance).toBeCloseTo(Math.hypot(dpo! - 0.1, sft! - 1), 12);
		expect(point.peak_memory_bytes).toBeGreaterThan(1e6);
		const summary = JSON.parse(await readFile(join(output(), "points", name, "summary.json"), "utf8"));
		expect(summary.final).toMatchObject({ dpo, sft });
		const group = front.groups.find(({ label, lambda }) => label === "alright" && lambda === 0.25)!;
		expect(group.seeds).toEqual([1, 2]);
		expect(group.mean.dpo).toBeCloseTo((dpo! + front.points[3]!.dpo!) / 2, 12);
		expect(front.groups[0]!.versus_baseline).toMatchObject({
			runtime_percent: 0,
			memory_percent: 0,
			delta_m_percent: 0,
		});
		expect(front.front.length).toBeGreaterThan(0);

		const table = await readFile(join(output(), "table.md"), "utf8");
		expect(table).toContain(
			`| alright | 0.25 | 2 | ${group.mean.dpo!.toFixed(4)} ± ${group.deviation.dpo!.toFixed(4)} |`,
		);
		for (const chart of ["front.svg", "trajectories.svg"]) {
			const root = parseSvg(await readFile(join(output(), chart), "utf8"));
			expect(texts(root)).toEqual(expect.arrayContaining(["sequential", "alright", "0.25", "0.75", "both optima"]));
			expect(elements(root, "path").length).toBeGreaterThan(6);
		}

		const before = await stat(join(output(), "points", name, "summary.json"));
		const again = await runSweep(work, [path]);
		expect(again.code).toBe(0);
		expect(of(again.events, "sweep")).toMatchObject([{ points: 6, finished: 6 }]);
		expect(of(again.events, "point")).toEqual([]);
		expect((await stat(join(output(), "points", name, "summary.json"))).mtimeMs).toBe(before.mtimeMs);
		expect((await readFront(work)).points).toEqual(front.points);
	});

	it("killed in the middle, keeps what is finished and continues the rest to the same numbers", async () => {
		const path = await writeSweep(work, { strategies: ["alright"], lambda: [0.5], seeds: [1, 2] }, long);
		const [first, second] = ["alright-lambda0.5-seed1", "alright-lambda0.5-seed2"] as const;
		const killed = await runSweep(work, [path], ({ event, point, step }, sweep) => {
			if (event === "step" && point === second && step === 45) sweep.kill("SIGKILL");
		});
		expect(killed.signal).toBe("SIGKILL");
		expect((await readFront(work)).points.map(({ status }) => status)).toEqual(["completed", "pending"]);
		const { code, events } = await runSweep(work, [path]);
		expect(code).toBe(0);
		expect(of(events, "sweep")).toMatchObject([{ finished: 1 }]);
		expect(of(events, "point").map(({ point }) => point)).toEqual([second]);
		expect(of(events, "start")[0]!.resumedFrom).toBeGreaterThanOrEqual(40);
		const { points } = await readFront(work);
		expect(points[0]!.name).toBe(first);
		expect(points[1]).toMatchObject({ status: "completed", ...(await straight(path, 1)) });
	});

	it("stopped by SIGINT, saves the running point, exits 130, and continues it to the same numbers", async () => {
		const path = await writeSweep(work, { strategies: ["alright", "dpo"], lambda: [0.5], seeds: [1] }, long);
		const stopped = await runSweep(work, [path], ({ event, step }, sweep) => {
			if (event === "step" && step === 30) sweep.kill("SIGINT");
		});
		expect(stopped.code).toBe(130);
		expect((await readFront(work)).points.map(({ status }) => status)).toEqual(["interrupted", "pending"]);
		const { code, events } = await runSweep(work, [path]);
		expect(code).toBe(0);
		expect(of(events, "start")[0]!.resumedFrom).toBeGreaterThanOrEqual(30);
		expect((await readFront(work)).points[0]).toMatchObject({ status: "completed", ...(await straight(path, 0)) });
	});

	it("survives the death of a point's process, exits 1, and tries it again when run again", async () => {
		const path = await writeSweep(work, { strategies: ["alright", "dpo"], lambda: [0.5], seeds: [1] }, long);
		const hurt = await runSweep(work, [path], async ({ event, step, point }, sweep) => {
			if (event !== "step" || step !== 30 || point === "dpo-seed1") return;
			for (const pid of await childrenOf(sweep.pid!)) process.kill(pid, "SIGKILL");
		});
		expect(hurt.code).toBe(1);
		const [failed, other] = (await readFront(work)).points;
		expect(failed).toMatchObject({
			status: "failed",
			dpo: null,
			error: { code: "OUT_OF_MEMORY", message: expect.stringContaining("died of SIGKILL") },
		});
		expect(other).toMatchObject({ name: "dpo-seed1", status: "completed" });
		expect(await readFile(join(output(), "table.md"), "utf8")).toContain("- alright-lambda0.5-seed1: failed:");
		const again = await runSweep(work, [path]);
		expect(again.code).toBe(0);
		expect(of(again.events, "point").map(({ point }) => point)).toEqual(["alright-lambda0.5-seed1"]);
	});

	it("records points that diverge, with the reason, and goes on", async () => {
		const train = { ...short.train, maxGradNorm: null, optimizer: { lr: 1e37 } };
		const path = await writeSweep(work, { strategies: ["sft", "dpo"] }, { ...short, train });
		const { code } = await runSweep(work, [path]);
		expect(code).toBe(1);
		const { status, points, front } = await readFront(work);
		expect({ status, front }).toEqual({ status: "failed", front: [] });
		expect(points.map((point) => [point.status, point.error?.code])).toEqual([
			["failed", "NON_FINITE"],
			["failed", "NON_FINITE"],
		]);
	});
});

it("measures every strategy with the same DPO loss, one that trains another loss too", async () => {
	const path = await writeSweep(work, { strategies: ["sequential", "orpo"], seeds: [1] }, short);
	expect((await runSweep(work, [path])).code).toBe(0);
	const { points, front } = await readFront(work);
	for (const point of points) expect(point).toMatchObject({ dpo: expect.any(Number), sft: expect.any(Number) });
	expect(front.length).toBeGreaterThan(0);
	const root = parseSvg(await readFile(join(output(), "trajectories.svg"), "utf8"));
	expect(texts(root)).toContain("orpo");
});

it("estimates the optima and trains the reference once for all runs", async () => {
	const rest = { ...short, optima: "estimate", reference: "sft-on-chosen", adapter: { rank: 4, alpha: 8 } };
	const path = await writeSweep(work, { strategies: ["sequential", "orpo"], seeds: [1, 2] }, rest);
	const { code, events } = await runSweep(work, [path]);
	expect(code).toBe(0);
	const said = of(events, "info").filter(({ point }) => point !== undefined);
	const first = (pattern: RegExp) =>
		said.filter(({ message }) => pattern.test(message as string)).map(({ point }) => point);
	for (const pattern of [
		/^optimum of preference, estimated/,
		/^optimum of sft, estimated/,
		/comes first, in .*\/reference/,
	]) {
		expect(first(pattern)).toEqual(["sequential-seed1"]);
	}
	expect(first(/^optimum of preference, known/)).toHaveLength(3);
	const { points, optima } = await readFront(work);
	expect(optima).toEqual({ preference: expect.any(Number), sft: expect.any(Number) });
	for (const point of points) {
		expect(point["gap/dpo"]).toBeCloseTo(point.dpo! - optima.preference!, 12);
		expect(point["gap/sft"]).toBeCloseTo(point.sft! - optima.sft!, 12);
	}
});

it("warns when the runs' DPO losses are against different references", async () => {
	const warnings = async (reference: object) => {
		const path = await writeSweep(
			work,
			{ strategies: ["sequential", "mix"], lambda: [0.5] },
			{ ...short, ...reference },
		);
		const { stderr } = await runSweep(work, [path, "--dry-run"]);
		return stderr.match(/warning: .*/g) ?? [];
	};
	expect(await warnings({})).toEqual([expect.stringContaining("are not against one reference")]);
	expect(await warnings({ reference: "sft" })).toEqual([]);
});

describe("what is wrong with every point ends a sweep before it computes anything", () => {
	it("an adapter target that matches nothing", async () => {
		const adapter = { targets: ["no_such_proj"] };
		const path = await writeSweep(work, { strategies: ["mix"] }, { ...short, adapter });
		for (const flags of [[], ["--dry-run"]]) {
			const { code, stderr, events } = await runSweep(work, [path, ...flags]);
			expect({ code, started: of(events, "point") }).toEqual({ code: 2, started: [] });
			expect(stderr).toMatch(/adapter\.targets: .* has no module called no_such_proj[\s\S]*q_proj/);
		}
		expect(existsSync(join(output(), "front.json"))).toBe(false);
	});

	it("a machine without LibTorch", async () => {
		const path = await writeSweep(work, { strategies: ["mix"] }, short);
		const env = { ...work.env, XRIGHT_LIBTORCH: work.folder };
		const { code, events } = await runSweep({ ...work, env }, [path]);
		expect({ code, ended: of(events, "point-end") }).toEqual({ code: 3, ended: [] });
		expect(existsSync(join(output(), "front.json"))).toBe(false);
	});

	it("a folder that holds points of another configuration, which stay as they are", async () => {
		const path = await writeSweep(work, { strategies: ["sft"] }, short);
		expect((await runSweep(work, [path])).code).toBe(0);
		const before = await readFront(work);
		const { code, stderr } = await runSweep(work, [path, "--set", "train.optimizer.lr=1"]);
		expect(code).toBe(2);
		expect(stderr).toMatch(/points\/sft-seed42: .*train\.optimizer\.lr/);
		expect(await readFront(work)).toEqual(before);
	});

	it("a second sweep in the same folder", async () => {
		const path = await writeSweep(work, { strategies: ["sft"] }, long);
		let second: ReturnType<typeof runSweep> | null = null;
		const first = await runSweep(work, [path], ({ event }) => {
			if (event === "start") second ??= runSweep(work, [path]);
		});
		expect(first.code).toBe(0);
		const { code, stderr } = await second!;
		expect(code).toBe(1);
		expect(stderr).toContain("is using this run folder");
	});
});

it("--dry-run lists the points and what is done of them", async () => {
	const path = await writeSweep(work, { strategies: ["sft", "mix"], lambda: [0.5] }, short);
	await runSweep(work, [path, "--set", 'sweep={"strategies":["sft"]}']);
	const { code, events } = await runSweep(work, [path, "--dry-run"]);
	expect(code).toBe(0);
	expect(events).toEqual([
		{
			event: "plan",
			output: output(),
			points: [
				{ name: "sft-seed42", steps: 6, stepsDone: 6, finished: true },
				{ name: "mix-lambda0.5-seed42", steps: 6, stepsDone: 0, finished: false },
			],
		},
	]);
});

it("is a library call too, which an abort ends as interrupted", async () => {
	const path = await writeSweep(work, { strategies: ["sft", "dpo"] }, long);
	const { loadSweep, sweep }: typeof library = await import(new URL("../../dist/index.js", import.meta.url).href);
	const stop = new AbortController();
	const job = sweep(await loadSweep(path), { env: work.env, signal: stop.signal });
	for await (const event of job) if (event.event === "step" && event.step === 20) stop.abort();
	const result = await job.result;
	expect(result.status).toBe("interrupted");
	expect(result.points.map(({ status }) => status)).toEqual(["interrupted", "pending"]);
});
