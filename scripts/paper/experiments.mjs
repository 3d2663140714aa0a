// The experiments of arXiv 2410.15483 as a table; ../make-paper-configs.mjs writes examples/paper/ from it.
// Figures that the paper's text does not give are those of the authors' scripts (docs/paper.md).

const lora = (rank, targets) => ({ type: "lora", rank, alpha: rank, targets });

export const models = {
	"pythia-1b": { path: "EleutherAI/pythia-1b", adapter: lora(32, ["query_key_value"]), lr: 5e-5, epochs: 6 },
	"llama-3-8b": {
		path: "meta-llama/Meta-Llama-3-8B",
		adapter: lora(16, ["q_proj", "v_proj"]),
		lr: 5e-5,
		epochs: 4,
		gradientCheckpointing: true,
	},
	"opt-1.3b": {
		path: "facebook/opt-1.3b",
		adapter: { type: "none" },
		lr: 2e-5,
		epochs: 1,
		gradientCheckpointing: true,
	},
};

const rmHh = { path: "data/rm-hh-rlhf", format: "preference" };
const safeRlhf = { path: "data/pku-saferlhf", format: "safe-rlhf" };
const alpacaGpt4 = { path: "data/alpaca-gpt4", format: "alpaca" };
const ultraFeedback = { path: "data/ultrafeedback", format: "transcript" };

/** λ with the epochs that Sequential spends on DPO and SFT in the same comparison. */
const sixEpochs = [
	[0.01, 1, 5],
	[0.25, 2, 4],
	[0.5, 3, 3],
	[0.75, 4, 2],
	[0.99, 5, 1],
];
const fourEpochs = [
	[0.25, 1, 3],
	[0.5, 2, 2],
	[0.75, 3, 1],
];

const all = ["sequential", "mix", "alright", "maxright"];
const dpoFirst = ["preference", "sft"];
const sftFirst = ["sft", "preference"];

/** Front of ALRIGHT as the authors' scripts give it to Mix and MAXRIGHT. */
const front = (sft, dpo) => sft.map((value, index) => ({ dpo: dpo[index], sft: value }));

const pythiaHh = {
	model: "pythia-1b",
	preference: { ...rmHh, rows: 8000, batch: 8 },
	sft: { ...alpacaGpt4, rows: 24000, batch: 24 },
	tradeOffs: sixEpochs,
};
const llamaHh = {
	model: "llama-3-8b",
	preference: { ...rmHh, rows: 6000, batch: 4 },
	sft: { ...alpacaGpt4, rows: 24000, batch: 16 },
	tradeOffs: fourEpochs,
};
const pythiaDpoFirst = {
	...pythiaHh,
	order: dpoFirst,
	reference: { train: "sft-on-chosen", rows: 24000, batch: 12 },
	optima: { preference: 0.0647, sft: 1.498 },
	front: front([1.8898, 1.631, 1.5889, 1.5474, 1.4998], [0.0659, 0.1753, 0.3331, 0.5559, 1.0433]),
};

export const experiments = [
	{ name: "pythia-1b-hh-dpo-first", figures: ["Figure 3"], strategies: all, ...pythiaDpoFirst },
	{
		name: "pythia-1b-hh-sft-first",
		figures: ["Figure 8"],
		strategies: all,
		...pythiaHh,
		order: sftFirst,
		reference: { train: "sft", rows: 24000, batch: 24 },
		optima: { preference: 0.0522, sft: 1.498 },
		front: front([1.9052, 1.6325, 1.5878, 1.5462, 1.5171], [0.054, 0.1403, 0.2612, 0.43, 0.6591]),
	},
	{
		name: "pythia-1b-hh-maxright-steps",
		figures: ["Figure 14"],
		strategies: ["maxright"],
		...pythiaDpoFirst,
		evaluateEvery: [1, 10, 100, 1000],
	},
	{
		name: "llama-3-8b-safety-dpo-first",
		figures: ["Figure 4", "Figure 9", "Figure 10", "Figure 11", "Table 3"],
		strategies: all,
		...llamaHh,
		preference: { ...safeRlhf, rows: 5200, batch: 4 },
		sft: { ...alpacaGpt4, rows: 20800, batch: 16 },
		order: dpoFirst,
		reference: { train: "sft-on-chosen", rows: 5269, batch: 8 },
	},
	{
		name: "llama-3-8b-hh-dpo-first",
		figures: ["Figure 12"],
		strategies: all,
		...llamaHh,
		order: dpoFirst,
		reference: { train: "sft-on-chosen", rows: 24000, batch: 8 },
	},
	{
		name: "llama-3-8b-hh-sft-first",
		figures: ["Figure 13", "Appendix D.1"],
		strategies: all,
		...llamaHh,
		order: sftFirst,
		reference: { train: "sft", rows: 24000, batch: 8 },
		optima: { preference: 0.04935, sft: 1.02426 },
		front: front([1.1484, 1.1173, 1.0917], [0.2382, 0.3534, 0.5009]),
	},
	{
		name: "opt-1.3b-ultrafeedback",
		figures: ["Figure 5"],
		strategies: [...all, "orpo"],
		model: "opt-1.3b",
		preference: { ...ultraFeedback, rows: 36817, batch: 8 },
		sft: { ...ultraFeedback, rows: 36817, batch: 8 },
		maxBadRows: 0.05,
		tradeOffs: [[0.5, 1, 1]],
		order: sftFirst,
		reference: { train: "sft", rows: 36817, batch: 8 },
	},
];
