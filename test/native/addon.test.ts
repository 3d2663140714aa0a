import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { lossOptions } from "../../lib/config/losses/index.js";
import { packRows } from "../../lib/data/pack.js";
import { XrightError } from "../../lib/errors.js";
import { readModelFolder } from "../../lib/model/folder.js";
import { type LoadedAddon, loadAddon } from "../../lib/native/addon.js";
import type { GenerateSpec, LoadSpec, NativeSession } from "../../lib/native/binding.js";
import { loadRuntime } from "../../lib/native/session.js";
import { fixture, pairs } from "./parity-fixtures.js";

let loaded: LoadedAddon;
let spec: LoadSpec;
const sessions: NativeSession[] = [];

const short: GenerateSpec = { prompt: Int32Array.of(1, 2), tokens: 3, temperature: 0, topP: 1, seed: 1, stop: [] };
const endless: GenerateSpec = { ...short, tokens: 1e9 };

beforeAll(async () => {
	loaded = loadAddon();
	const { config, weights } = await readModelFolder("mha-tied", fixture("mha-tied"));
	const fixed = { dtype: "float32", device: "cpu", threads: 1, gradientCheckpointing: false } as const;
	spec = { ...fixed, config, weights, adapter: null, train: "none" };
	await loadRuntime(loaded, "cpu", process.env);
});

afterEach(async () => {
	for (const session of sessions.splice(0)) {
		session.interrupt();
		await session.dispose();
	}
});

function empty(): NativeSession {
	const session = new loaded.addon.Session();
	sessions.push(session);
	return session;
}

async function opened(): Promise<NativeSession> {
	const session = empty();
	await session.load(spec);
	return session;
}

async function failure(promise: Promise<unknown>): Promise<XrightError> {
	const error = await promise.then(
		() => new Error("no failure"),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(XrightError);
	return error as XrightError;
}

test("the objectives are SFT and every loss of the configuration", () => {
	const losses = lossOptions.map(({ native }) => native);
	expect(loaded.addon.objectives()).toEqual([...losses, "sft"].sort());
});

describe("values", () => {
	class Custom {}
	const cyclic: Record<string, unknown> = {};
	cyclic.self = cyclic;

	test.each([
		["a function", { config: { activation: () => 1 } }, "'spec.config.activation' is a function"],
		["a bigint", { weights: { tensors: [{ offset: 1n }] } }, "'spec.weights.tensors[0].offset' is a bigint"],
		["a symbol", [Symbol("x")], "'spec[0]' is a symbol"],
		["a Map", { map: new Map() }, "'spec.map' is not a plain object"],
		["a class instance", new Custom(), "'spec' is not a plain object"],
		["another typed array", { ids: new Uint8Array(2) }, "'spec.ids' is a typed array other than"],
		["a cycle", cyclic, "nested too deep"],
	])("%s is refused with its place", async (_, value, message) => {
		const error = await failure(empty().load(value as unknown as LoadSpec));
		expect(error.code).toBe("INTERNAL");
		expect(error.message).toContain(message);
	});

	test("undefined counts as null, objects may lack a prototype", async () => {
		const session = empty();
		const bare = Object.assign(Object.create(null), spec, { adapter: undefined }) as LoadSpec;
		expect(await session.load(bare)).toMatchObject({ modelType: "llama", adapted: [], device: "cpu" });
	});

	test("scores come back as typed arrays", async () => {
		const session = await opened();
		const { logps, counts } = await session.score(packRows("preference", pairs), "current");
		expect(logps).toBeInstanceOf(Float64Array);
		expect(counts).toBeInstanceOf(Int32Array);
		expect([...counts]).toEqual(pairs.flatMap(({ chosen, rejected }) => [chosen.length, rejected.length]));
	});

	test("a missing argument is named", async () => {
		const session = await opened();
		const save = session.save.bind(session) as (kind: string) => Promise<number>;
		expect((await failure(save("model"))).message).toBe("'path' must be a string");
	});
});

describe("errors", () => {
	test("a native failure is an XrightError with the caller's stack", async () => {
		const error = await failure(empty().evaluate([]));
		expect(error.code).toBe("INTERNAL");
		expect(error.message).toBe("no model is loaded");
		expect(error.exitCode).toBe(1);
		expect(error.stack).toContain("XrightError: no model is loaded");
		expect(error.stack).toContain("addon.test.ts");
	});

	test("the hint comes along", async () => {
		const config = { ...spec.config, model_type: "no-such-family" };
		const error = await failure(empty().load({ ...spec, config }));
		expect(error.code).toBe("UNKNOWN_MODEL");
		expect(error.message).toContain("no-such-family");
		expect(error.hint).toContain("llama");
	});

	test("methods need a session as receiver", () => {
		const { memory } = loaded.addon.Session.prototype;
		expect(() => memory.call({} as NativeSession)).toThrow(TypeError);
	});

	test("the error class must be a class", () => {
		expect(() => loaded.addon.setErrorClass(1 as never)).toThrow(TypeError);
	});
});

describe("queue", () => {
	test("calls run in order", async () => {
		const session = empty();
		const order: string[] = [];
		const calls = [
			failure(session.zeroGrad()).then(() => order.push("unloaded")),
			session.load(spec).then(() => order.push("load")),
			session.generate(short).then(() => order.push("generate")),
		];
		await Promise.all(calls);
		expect(order).toEqual(["unloaded", "load", "generate"]);
	});

	test("two sessions run at once", async () => {
		const [busy, other] = await Promise.all([opened(), opened()]);
		const running = failure(busy.generate(endless));
		expect(await other.generate(short)).toHaveLength(3);
		busy.interrupt();
		expect((await running).code).toBe("ABORTED");
	});

	test("the event loop goes on while a call runs", async () => {
		const session = await opened();
		let settled = false;
		const running = failure(session.generate(endless)).finally(() => {
			settled = true;
		});
		for (let tick = 0; tick < 5; tick++) await sleep(1);
		expect(settled).toBe(false);
		session.interrupt();
		expect((await running).code).toBe("ABORTED");
	});
});

describe("interrupt", () => {
	test("right after the call, before its thread has begun", async () => {
		const session = await opened();
		const call = failure(session.generate(endless));
		session.interrupt();
		expect((await call).code).toBe("ABORTED");
	});

	test("without a call it does nothing; after one it is forgotten", async () => {
		const session = await opened();
		session.interrupt();
		expect(await session.generate(short)).toHaveLength(3);
		session.interrupt();
		expect(await session.generate(short)).toHaveLength(3);
	});

	test("it hits the running call only", async () => {
		const session = await opened();
		const calls = [failure(session.generate(endless)), session.generate(short)] as const;
		session.interrupt();
		expect((await calls[0]).code).toBe("ABORTED");
		expect(await calls[1]).toHaveLength(3);
	});
});

describe("dispose", () => {
	test("waits for the running call, refuses waiting and later ones, may be repeated", async () => {
		const session = await opened();
		const calls = [session.generate(short), session.dispose(), session.dispose(), session.zeroGrad()];
		const outcomes = await Promise.allSettled(calls);
		expect(outcomes.slice(1, 3).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
		expect(outcomes[3]).toMatchObject({ reason: { code: "DISPOSED" } });
		await session.dispose();
		expect((await failure(session.generate(short))).code).toBe("DISPOSED");
		expect(() => session.memory()).toThrow("disposed");
		session.interrupt();
	});

	test("an interrupted call ends as ABORTED, one behind it as DISPOSED", async () => {
		const session = await opened();
		const running = failure(session.generate(endless));
		await sleep(1);
		const waiting = failure(session.generate(short));
		session.interrupt();
		const disposed = session.dispose();
		expect([(await running).code, (await waiting).code]).toEqual(["ABORTED", "DISPOSED"]);
		await disposed;
	});

	test("memory is reported until then", async () => {
		const session = await opened();
		expect(session.memory()).toMatchObject({ weights: expect.any(Number), devicePeak: null });
		expect(session.memory().weights).toBeGreaterThan(0);
	});
});
