import { describe, expect, it } from "vitest";
import { render } from "../../lib/cli/commands/doctor.js";
import { diagnose } from "../../lib/native/diagnose.js";
import { readCpu } from "../../lib/native/machine.js";
import { temporaryFolder, writeTree } from "../native/libtorch/fake.js";

async function bareEnv() {
	const folder = await temporaryFolder();
	return { folder, env: { HOME: folder, PATH: `${folder}/bin`, XRIGHT_ADDON: folder } as Record<string, string> };
}

describe("doctor", () => {
	it("lists every place, what is missing and one command, on a machine with nothing", async () => {
		const { folder, env } = await bareEnv();
		const found = await diagnose(env, folder);
		expect(found).toMatchObject({
			ready: false,
			fix: "npx xright-native setup",
			problems: ["LibTorch 2.11.0 is missing", expect.anything()],
		});
		expect(found.tools.map(({ version }) => version)).toEqual(found.tools.map(() => null));
		const text = render(found);
		for (const part of [
			"XRIGHT_LIBTORCH: not set",
			`${folder}/.cache`,
			"there is no python3",
			"AVX-512",
			"AMX",
			"free at",
			"cmake missing",
		]) {
			expect(text).toContain(part);
		}
		expect(text.split("\n").at(-1)).toBe("fix: npx xright-native setup");
	});

	it("names a wrong XRIGHT_LIBTORCH first", async () => {
		const { folder, env } = await bareEnv();
		await writeTree(folder, [
			{ name: "torch/version.py", data: "__version__ = '2.9.0'" },
			{ name: "torch/lib/x", data: "" },
		]);
		const found = await diagnose({ ...env, XRIGHT_LIBTORCH: folder }, folder);
		expect(found.problems[0]).toContain("holds LibTorch 2.9.0; 2.11.0 is needed");
		expect(found.fix).toBe("unset XRIGHT_LIBTORCH");
	});

	it("is content where the tests run", async () => {
		const found = await diagnose();
		expect(found).toMatchObject({ ready: true, problems: [], fix: null });
		expect(found.core.models).toContain("llama");
		expect(found.core.objectives).toEqual(expect.arrayContaining(["sft", "dpo"]));
		expect(render(found)).toContain("ready to train");
	});
});

describe("readCpu", () => {
	it("finds the instruction sets that matter", async () => {
		const folder = await temporaryFolder();
		await writeTree(folder, [
			{ name: "cpuinfo", data: "model name\t: Test CPU\nflags\t\t: fpu avx2 avx512f amx_tile amx_bf16\n" },
		]);
		expect(readCpu(`${folder}/cpuinfo`)).toMatchObject({
			model: "Test CPU",
			features: ["avx2", "avx512f", "amx_tile", "amx_bf16"],
		});
	});
});
