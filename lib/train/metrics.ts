import { type FileHandle, open } from "node:fs/promises";
import { writeError } from "./durable.js";

/**
 * metrics.jsonl: one JSON object a line, appended. Continuing a run cuts the file at the checkpoint's position, so
 * the steps after it appear once.
 */
export class MetricsFile {
	readonly path: string;
	readonly #file: FileHandle;
	#bytes: number;

	private constructor(path: string, file: FileHandle, bytes: number) {
		this.path = path;
		this.#file = file;
		this.#bytes = bytes;
	}

	/** Opens the file with its first `bytes` bytes kept. Throws DISK_FULL or IO. */
	static async open(path: string, bytes: number): Promise<MetricsFile> {
		try {
			const file = await open(path, bytes === 0 ? "w" : "r+");
			const kept = Math.min(bytes, (await file.stat()).size);
			await file.truncate(kept);
			return new MetricsFile(path, file, kept);
		} catch (cause) {
			throw writeError(path, cause);
		}
	}

	/** Length of the file so far. */
	get bytes(): number {
		return this.#bytes;
	}

	async append(row: object): Promise<void> {
		const line = Buffer.from(`${JSON.stringify(row)}\n`);
		try {
			for (let done = 0; done < line.length; ) {
				const { bytesWritten } = await this.#file.write(line, done, line.length - done, this.#bytes + done);
				done += bytesWritten;
			}
		} catch (cause) {
			throw writeError(this.path, cause, line.length);
		}
		this.#bytes += line.length;
	}

	/** Makes everything appended durable. */
	async sync(): Promise<void> {
		await this.#file.sync().catch((cause: unknown) => {
			throw writeError(this.path, cause);
		});
	}

	async close(): Promise<void> {
		await this.#file.close();
	}
}
