import { setTimeout as delay } from "node:timers/promises";
import { acquireLock } from "../../lib/train/lock.js";

/** Takes the lock and holds it for some milliseconds; prints what happened. */
export default async function hold(path: string, milliseconds: string): Promise<void> {
	try {
		const release = await acquireLock(path);
		process.stdout.write("held\n");
		await delay(Number(milliseconds));
		await release();
		process.stdout.write("released\n");
	} catch (error) {
		process.stdout.write(`refused: ${(error as Error).message}\n`);
	}
}
