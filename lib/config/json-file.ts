import { readFile, stat } from "node:fs/promises";
import { XrightError } from "../errors.js";
import { parseJson } from "./json.js";

const maxBytes = 16 * 2 ** 20;

/** A JSON file of at most 16 MiB; throws CONFIG with the file's name and the place of a mistake. */
export async function readJsonFile(path: string): Promise<unknown> {
	let text: string;
	try {
		const info = await stat(path);
		if (info.isDirectory()) throw new XrightError("CONFIG", `${path} is a folder; expected a JSON file`);
		if (info.size > maxBytes)
			throw new XrightError("CONFIG", `${path} is too large for a configuration (${info.size} bytes)`);
		text = await readFile(path, "utf8");
	} catch (error) {
		if (error instanceof XrightError) throw error;
		const code = (error as NodeJS.ErrnoException).code;
		const reason = code === "ENOENT" ? "no such file" : code === "EACCES" ? "permission denied" : String(error);
		throw new XrightError("CONFIG", `cannot read ${path}: ${reason}`, { cause: error });
	}
	return parseJson(text, path);
}
