import { join } from "node:path";
import { writeCheckpoint } from "../../../lib/train/checkpoint/write.js";
import { writeDurable } from "../../../lib/train/durable.js";

/** Saves the checkpoints of steps first … last; each has two files that hold its step. */
export default async function save(folder: string, first: string, last: string): Promise<void> {
	for (let step = Number(first); step <= Number(last); step++) {
		try {
			await writeCheckpoint(folder, step, 2, async (temporary) => {
				await writeDurable(join(temporary, "weights.bin"), Buffer.alloc(3000, step));
				await writeDurable(join(temporary, "state.json"), JSON.stringify({ step }));
			});
		} catch (error) {
			const { code, message } = error as { code: string; message: string };
			process.stdout.write(`${code}: ${message}\n`);
			return;
		}
		process.stdout.write(`saved ${step}\n`);
	}
}
