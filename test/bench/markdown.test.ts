import { expect, test } from "vitest";
import { OURS, TRL } from "../../lib/bench/contenders.js";
import { reportMarkdown } from "../../lib/bench/markdown.js";
import { sft } from "../../lib/bench/trials/sft.js";
import { measurement, result } from "./results.js";

const work = { tokens: 100, referenceFlops: 0, trainFlops: 5e10 };

const op = (name: string, pass: string, seconds: number, flops: number) => ({
	op: name,
	pass,
	seconds,
	flops,
	calls: 3,
});
const profile = [
	op("norm", "forward", 0.02, 0),
	op("q_proj|k_proj", "forward", 0.6, 1.2e12),
	op("attention", "backward", 0.38, 0),
];

test("the report has the bars, a row for each contender, failures and charts", () => {
	const round = {
		[TRL]: measurement(1, { peakBytes: 4e9, notes: ["a note"] }),
		[OURS]: measurement(12, { work, peakBytes: 1.2e9, profile }),
	};
	const found = result("sft", [round, round, round], {
		productFlops: [1e12, 1e12, 1e12],
		failed: { "plain PyTorch loop": "out of memory" },
	});
	expect(reportMarkdown([{ trial: sft, result: found, charts: ["sft-speed.svg"] }])).toMatchInlineSnapshot(`
		"# Benchmark

		Medians over alternating rounds; ratios are taken within a round. How it is measured: bench/README.md.

		| trial | bar | goal | measured | reached |
		| --- | --- | --- | --- | --- |
		| sft | speed over TRL's defaults | ≥ 10×, stretch 16× | 12× | yes |
		| sft | speed over TRL's best settings | ≥ 10×, stretch 16× | – | not measured |

		## sft: SFT, LoRA r16 on q_proj and v_proj

		smollm2-135m; a machine, 24 GiB, 2 threads; xright-native 0.1.0; rounds: 3; 2026-01-02.

		| contender | rows/s | tokens/s | TFLOP/s | of products | speed | peak memory | memory | CPUs | start |
		| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
		| TRL, defaults | 1 ± 0.0 % | 100 | 0.05 | 5 % | 1× | 4.00 GB | 1× | 1.90 | 2.0 s |
		| xright-native | 12 ± 0.0 % | 1200 | 0.6 | 60 % | 12× | 1.20 GB | 0.3× | 1.90 | 2.0 s |

		- TRL, defaults: a note
		- plain PyTorch loop failed: out of memory

		Where the time of xright-native goes:

		| op | share | TFLOP/s |
		| --- | --- | --- |
		| q_proj\\|k_proj, forward | 60 % | 2 |
		| attention, backward | 38 % | – |
		| the rest | 2 % | – |

		![SFT, LoRA r16 on q_proj and v_proj](sft-speed.svg)
		"
	`);
});
