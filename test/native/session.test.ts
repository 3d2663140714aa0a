import { describe, expect, it } from "vitest";
import { openSession } from "../../lib/native/session.js";
import { openTiny } from "./parity-fixtures.js";

const spec = { prompt: Int32Array.from([1, 2, 3]), tokens: 8, temperature: 0, topP: 1, seed: 0, stop: [] };

describe("Session", () => {
	it("rejects with the signal's reason before and during a call, and works again afterwards", async () => {
		await using session = await openTiny("gqa-untied");
		const reason = new Error("stopped by the test");
		await expect(session.generate(spec, AbortSignal.abort(reason))).rejects.toBe(reason);
		const stop = new AbortController();
		const running = session.generate({ ...spec, tokens: 100 }, stop.signal);
		const queued = session.generate(spec, null);
		// Reaches the native thread within a turn; whatever it has done until then, the call after it is whole.
		setImmediate(() => stop.abort(reason));
		await running.catch((error) => expect(error).toBe(reason));
		expect(await queued).toHaveLength(8);
	});

	it("refuses every call after its own signal, except those told to run anyway", async () => {
		const stop = new AbortController();
		await using session = await openSession({ signal: stop.signal });
		stop.abort(new Error("over"));
		await expect(session.zeroGrad()).rejects.toThrow("over");
		await expect(session.load({} as never, null)).rejects.toMatchObject({ name: "XrightError" });
		await expect(openSession({ signal: stop.signal })).rejects.toThrow("over");
	});

	it("profiles the calls between start and end, and starts over", async () => {
		await using session = await openTiny("gqa-untied");
		expect(await session.profile(true)).toEqual([]);
		await session.generate(spec);
		const rows = await session.profile(true);
		const products = rows.filter(({ op }) => op === "q_proj|k_proj|v_proj");
		expect(products).toEqual([
			{
				op: "q_proj|k_proj|v_proj",
				pass: "forward",
				calls: expect.any(Number),
				seconds: expect.any(Number),
				flops: expect.any(Number),
			},
		]);
		expect(products[0]!.flops).toBeGreaterThan(0);
		expect(products[0]!.calls).toBe(rows.find(({ op }) => op === "attention")!.calls);
		expect(await session.profile(false)).toEqual([]);
		await session.generate(spec);
		expect(await session.profile(false)).toEqual([]);
	});

	it("can be disposed twice and then refuses calls", async () => {
		const session = await openTiny("gqa-untied");
		await Promise.all([session.dispose(), session.dispose()]);
		await expect(session.generate(spec)).rejects.toMatchObject({ code: "DISPOSED" });
	});

	it("says which device it cannot use", async () => {
		await expect(
			openSession({ device: "cuda", env: { ...process.env, XRIGHT_LIBTORCH: "/nonexistent" } }),
		).rejects.toMatchObject({
			code: "LIBTORCH_MISSING",
			exitCode: 3,
		});
	});
});
