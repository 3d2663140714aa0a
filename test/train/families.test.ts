import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunConfigInput } from "../../lib/config/schema.js";
import { dryRun, run } from "../../lib/index.js";
import { readSafetensorsHeader } from "../../lib/model/safetensors.js";
import { createWorkspace, metricRows, type Workspace } from "./workspace.js";

let work: Workspace;
beforeEach(async () => {
	work = await createWorkspace();
});
afterEach(() => work.remove());

const shape = (name: string) => fileURLToPath(new URL(`../fixtures/parity/${name}`, import.meta.url));

/** Full-parameter SFT of a shape of test/native/families.test.ts. */
function config(name: string, dtype: "float32" | "bfloat16", train: RunConfigInput["train"] = {}): RunConfigInput {
	const model = { path: shape(name), dtype };
	const base = work.config({ model, adapter: { type: "none" }, strategy: { name: "sft" } }, { steps: 6, ...train });
	return { ...base, data: { sft: { path: join(work.folder, "sft.jsonl") }, maxLength: 128 }, evaluation: {} };
}

async function finished(input: RunConfigInput, folder: string, resume = false): Promise<string> {
	const output = join(work.folder, folder);
	const { status } = await run({ ...input, output }, { env: work.env, resume }).result;
	expect(status).toBe("completed");
	return output;
}

const losses = async (output: string) =>
	(await metricRows(output)).filter(({ event }) => event === "step").map(({ loss, grad_norm }) => [loss, grad_norm]);

const layout = async (folder: string) =>
	(await readSafetensorsHeader(join(folder, "model.safetensors"))).tensors
		.map(({ name, shape }) => `${name} ${shape}`)
		.sort();

describe("full-parameter training of OPT", () => {
	it("with gradient checkpointing is the same run, and leaves a folder in Hugging Face's layout", async () => {
		const plain = await finished(config("opt-post", "float32"), "plain");
		const numbers = await losses(plain);
		expect(numbers.at(-1)![0]).toBeLessThan(numbers[0]![0] as number);
		const weights = await readFile(join(plain, "model", "model.safetensors"));
		for (const gradientCheckpointing of ["selective", true] as const) {
			const output = await finished(
				config("opt-post", "float32", { gradientCheckpointing }),
				`${gradientCheckpointing}`,
			);
			expect(await losses(output)).toEqual(numbers);
			expect(weights.equals(await readFile(join(output, "model", "model.safetensors")))).toBe(true);
		}
		expect(await layout(join(plain, "model"))).toEqual(await layout(shape("opt-post")));
		const written = JSON.parse(await readFile(join(plain, "model", "config.json"), "utf8"));
		expect(written).toMatchObject({ model_type: "opt", word_embed_proj_dim: 16, do_layer_norm_before: false });
	});
});

describe.each([
	["neox-parallel", "float32"],
	["gemma3", "bfloat16"],
	["opt-pre", "bfloat16"],
] as const)("%s in %s", (name, dtype) => {
	it("continues from a checkpoint to the same bytes", async () => {
		const straight = await finished(config(name, dtype), "straight");
		const continued = await finished(config(name, dtype, { steps: 3 }), "continued");
		await finished(config(name, dtype), "continued", true);
		expect(await losses(continued)).toEqual(await losses(straight));
		for (const file of ["model/model.safetensors", "checkpoints/step-6/optimizer.safetensors"]) {
			const bytes = await readFile(join(straight, file));
			expect([file, bytes.equals(await readFile(join(continued, file)))]).toEqual([file, true]);
		}
	});
});

describe("what cannot be is said before anything is computed", () => {
	const lora = (name: string, rest: Partial<RunConfigInput> = {}) =>
		work.config({ model: { path: shape(name), dtype: "float32" }, ...rest });
	const missing = {
		code: "CONFIG",
		exitCode: 2,
		hint: "Its modules: dense, dense_4h_to_h, dense_h_to_4h, query_key_value.",
	};

	it("adapter targets that are not the model's", async () => {
		const input = lora("neox-parallel");
		await expect(run(input, { env: work.env }).result).rejects.toMatchObject({
			...missing,
			message: expect.stringContaining("no module called q_proj or v_proj"),
		});
		await expect(dryRun(input, { env: work.env }).result).rejects.toMatchObject(missing);
		expect(existsSync(join(work.folder, "cache"))).toBe(false); // no row was tokenised
	});

	it("rows longer than learned positions", async () => {
		await expect(run(lora("opt-pre"), { env: work.env }).result).rejects.toMatchObject({
			code: "CONFIG",
			exitCode: 2,
			message: "data.maxLength is 1024, but the model has 128 positions",
		});
	});
});

it("a dry run counts what OPT then trains, its projections included", async () => {
	const adapter = { type: "lora", rank: 2, targets: "all-linear" } as const;
	const input = { ...config("opt-post", "float32", { steps: 1 }), adapter };
	const plan = await dryRun(input, { env: work.env }).result;
	const job = run(input, { env: work.env });
	for await (const event of job) {
		if (event.event === "start") {
			expect(plan.trainable).toBe(event.model.trainable);
			expect(plan.parameters).toBe(event.model.parameters);
		}
	}
	expect((await job.result).status).toBe("completed");
});
