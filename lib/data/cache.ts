import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { XrightError } from "../errors.js";
import { fileSha256 } from "../files/sha256.js";
import type { StoredReport } from "./report.js";
import { type FileSum, TokenWriter } from "./token-file.js";

/** Raised whenever the same inputs would give other rows or other files. */
export const CODE_VERSION = 2;

const META = "meta.json";

interface Meta {
	key: string;
	report: StoredReport;
	files: Record<string, FileSum>;
}

/** Hash of everything that tokenised rows depend on. */
export function cacheKey(parts: Record<string, string | number | null>): string {
	const sorted = Object.entries({ ...parts, version: CODE_VERSION }).sort(([a], [b]) => (a < b ? -1 : 1));
	return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}

export function cacheFolder(cacheDir: string, key: string): string {
	return join(cacheDir, "tokens", key);
}

/** The report of a cached data set whose files are whole; null when there is none. A damaged one is removed. */
export async function openCache(folder: string, key: string, warn: (message: string) => void) {
	if (!existsSync(folder)) return null;
	const damage = await damageOf(folder, key).catch((error: Error) => error.message);
	if (typeof damage !== "string") return damage.report;
	warn(`The cached rows in ${folder} are damaged (${damage}) and are made again.`);
	await rm(folder, { recursive: true, force: true });
	return null;
}

async function damageOf(folder: string, key: string): Promise<string | Meta> {
	const meta = JSON.parse(await readFile(join(folder, META), "utf8")) as Meta;
	if (meta.key !== key) return `${META} is of other rows`;
	for (const [name, sum] of Object.entries(meta.files)) {
		const path = join(folder, name);
		const { size } = await stat(path);
		if (size !== sum.bytes) return `${name} has ${size} bytes instead of ${sum.bytes}`;
		if ((await fileSha256(path)) !== sum.sha256) return `${name} does not have its hash`;
	}
	return meta;
}

/**
 * Makes the folder as a whole: `fill` writes the rows into a temporary one beside it, which then takes its name. When
 * another process was faster, its rows, which are the same, stay. Throws IO or DISK_FULL.
 */
export async function buildCache(
	folder: string,
	key: string,
	fill: (writer: TokenWriter) => Promise<StoredReport>,
): Promise<StoredReport> {
	const temporary = `${folder}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
	let writer: TokenWriter | null = null;
	try {
		await mkdir(temporary, { recursive: true });
		writer = await TokenWriter.create(temporary);
		const report = await fill(writer);
		const meta: Meta = { key, report, files: await writer.finish() };
		await writeSynced(join(temporary, META), JSON.stringify(meta));
		await syncFolder(temporary);
		await publish(temporary, folder);
		return report;
	} catch (error) {
		await writer?.abandon();
		const { code, message } = error as NodeJS.ErrnoException;
		if (error instanceof XrightError || code === undefined) throw error;
		const full = code === "ENOSPC" || code === "EDQUOT";
		throw new XrightError(full ? "DISK_FULL" : "IO", `${folder} could not be written: ${message}`, {
			hint: "Free some space, or set another cache folder.",
			cause: error,
		});
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
}

async function publish(temporary: string, folder: string): Promise<void> {
	try {
		await rename(temporary, folder);
		await syncFolder(dirname(folder));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
	}
}

async function writeSynced(path: string, text: string): Promise<void> {
	const file = await open(path, "wx");
	try {
		await file.writeFile(text);
		await file.sync();
	} finally {
		await file.close();
	}
}

async function syncFolder(path: string): Promise<void> {
	const file = await open(path, "r");
	try {
		await file.sync();
	} finally {
		await file.close();
	}
}
