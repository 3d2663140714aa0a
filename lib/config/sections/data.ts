import * as z from "zod";

const path = z
	.string()
	.min(1)
	.meta({
		description:
			"A .json or .jsonl file (also .gz), or a folder with one file a split. Relative to the config file when it is there, else to the current folder.",
		examples: ["data/pairs.jsonl", "data/hh.jsonl.gz"],
	});

const format = z.string().min(1).meta({
	description: 'Name of the data format; "auto" recognises it from the first rows and says which one it took.',
});

const split = z
	.string()
	.min(1)
	.nullable()
	.default(null)
	.meta({
		description: "Which file of a folder: <split>.jsonl and the like. null: train (test or validation for evaluation).",
		examples: ["train"],
	});

const limit = z
	.int()
	.min(1)
	.nullable()
	.default(null)
	.meta({ description: "Use at most the first so many rows; null = all.", examples: [8000] });

const evaluation = z
	.strictObject({ path: path.optional(), format: format.optional(), split, limit })
	.nullable()
	.default(null)
	.meta({
		description:
			"Held-out rows of the same kind; path and format default to those of the training data, template is the same.",
	});

const source = z.strictObject({
	path,
	format: format.default("auto"),
	split,
	limit,
	template: z.enum(["auto", "chat"]).default("auto").meta({
		description:
			'"auto": plain strings are used as they are, lists of messages go through the chat template. "chat": plain strings become messages first.',
	}),
	evaluation,
});

export const dataSection = z
	.strictObject({
		preference: source
			.nullable()
			.default(null)
			.meta({ description: "Pairs of a preferred and a rejected answer to a prompt." }),
		sft: source.nullable().default(null).meta({ description: "Prompts with the answer to learn." }),
		maxLength: z.int().min(8).default(1024).meta({ description: "Longest row in tokens, prompt and answer together." }),
		maxBadRows: z
			.number()
			.min(0)
			.max(1)
			.default(0.01)
			.meta({ description: "Share of unusable rows that is skipped and reported; more is an error." }),
	})
	.meta({ description: "The data; two separate sets, one for each objective." });
