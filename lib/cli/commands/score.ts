import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { XrightError } from "../../errors.js";
import type { RunEvent } from "../../train/events.js";
import type { RowScore } from "../../train/score.js";
import { RunView } from "../render/run-view.js";
import { withSignals } from "../signals.js";
import { configOption, defineCommand, setOption } from "./define.js";

export const score = defineCommand({
	command: "score <config>",
	describe: "Write the log-probs of every training row under the model a configuration starts from",
	positionals: { config: configOption },
	options: {
		out: {
			type: "string",
			demandOption: true,
			requiresArg: true,
			describe: "File for one JSON line a row; - is stdout",
		},
		set: setOption,
	},
	examples: [
		["$0 score my.json --out scores.jsonl", "pairs first, then SFT rows, in file order"],
		["$0 score my.json --out after.jsonl --set adapter.init=runs/my/adapter", "under what a run trained"],
	],
	run: async ({ config: path, out, set }) => {
		const { loadConfig } = await import("../../config/load.js");
		const { score: scoreRows } = await import("../../train/score.js");
		const config = await loadConfig(path, { set });
		const view = new RunView();
		const work = async (signal: AbortSignal) => {
			const rows = scoreRows(config, { signal, emit: (event: RunEvent) => view.show(event) });
			const count = out === "-" ? await writeRows(rows, process.stdout) : await writeFile(rows, out);
			view.line(`${count} rows scored${out === "-" ? "" : `; written to ${out}`}`);
			return 0;
		};
		try {
			return await withSignals(work, () => view.line("stopping"));
		} finally {
			view.close();
		}
	},
});

/** Writes beside the target and renames, so that a file of that name is always complete. */
async function writeFile(rows: AsyncIterable<RowScore>, path: string): Promise<number> {
	const temporary = `${path}.${process.pid}.tmp`;
	const stream = createWriteStream(temporary);
	const failed = new Promise<never>((_, reject) => {
		stream.on("error", (cause: NodeJS.ErrnoException) => {
			const code = cause.code === "ENOSPC" ? "DISK_FULL" : "IO";
			reject(new XrightError(code, `cannot write ${path}: ${cause.message}`, { cause }));
		});
	});
	const write = async () => {
		const count = await writeRows(rows, stream);
		await new Promise<void>((resolve) => stream.end(resolve));
		await rename(temporary, path);
		return count;
	};
	try {
		return await Promise.race([write(), failed]);
	} catch (error) {
		stream.destroy();
		await rm(temporary, { force: true });
		throw error;
	}
}

async function writeRows(rows: AsyncIterable<RowScore>, stream: NodeJS.WritableStream): Promise<number> {
	let count = 0;
	for await (const row of rows) {
		count++;
		if (!stream.write(`${JSON.stringify(row)}\n`)) await once(stream, "drain");
	}
	return count;
}
