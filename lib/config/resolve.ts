import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { XrightError } from "../errors.js";
import { readAdapterInit } from "./adapter-init.js";
import { readFront } from "./front.js";
import { objectives } from "./objectives.js";
import { parseConfig } from "./parse.js";
import { referencePath } from "./reference.js";
import type { RunConfig, SourceConfig } from "./schema.js";
import { isRecord } from "./walk.js";

const extensions = [".jsonl", ".json", ".jsonl.gz", ".json.gz"];

export interface ResolveOptions {
	/** false: leave the data alone, for commands that read none. */
	data?: boolean;
}

/**
 * Checks a configuration and ties it to the disk: paths that exist beside the config file (`base`) become absolute,
 * others are taken from the current folder; a data folder becomes the file of its split; evaluation inherits path and
 * format; an adapter to continue from lends its rank, alpha and targets; a front's file becomes its points. Resolving a result again changes nothing.
 */
export async function resolveConfig(
	value: unknown,
	where: string,
	base: string,
	options: ResolveOptions = {},
): Promise<RunConfig> {
	const config = parseConfig(value, where);
	if (existsSync(resolve(base, config.model.path))) config.model.path = resolve(base, config.model.path);
	if ("init" in config.adapter && config.adapter.init !== null) {
		const written = isRecord(value) && isRecord(value.adapter) ? value.adapter : {};
		config.adapter = await readAdapterInit(config.adapter, locate(config.adapter.init, base), written, where);
	}
	if (options.data === false) return config;
	const { stop } = config;
	const reference = referencePath(config);
	if (reference !== null && existsSync(resolve(base, reference))) config.reference = { path: resolve(base, reference) };
	if (typeof stop?.referenceFront === "string") {
		stop.referenceFront = await readFront(locate(stop.referenceFront, base), where);
	}
	for (const objective of objectives) {
		const source = config.data[objective];
		if (source !== null) config.data[objective] = await resolveSource(source, `data.${objective}`, base, where);
	}
	return config;
}

/** Beside the config file when it is there, else relative to the current folder. */
function locate(path: string, base: string): string {
	const beside = resolve(base, path);
	return existsSync(beside) ? beside : resolve(path);
}

async function resolveSource(source: SourceConfig, key: string, base: string, where: string): Promise<SourceConfig> {
	const train = await findFile(locate(source.path, base), source.split, ["train"], `${where}: ${key}`);
	if (source.evaluation === null) return { ...source, ...train };
	const own = source.evaluation;
	const path = locate(own.path ?? source.path, base);
	const heldOut = await findFile(path, own.split, ["test", "validation"], `${where}: ${key}.evaluation`);
	if (heldOut.path === train.path) {
		const hint = `Put held-out rows into another file and name it in ${key}.evaluation.path.`;
		throw new XrightError("CONFIG", `${where}: ${key}.evaluation is the same file as the training data: ${path}`, {
			hint,
		});
	}
	return { ...source, ...train, evaluation: { ...own, ...heldOut, format: own.format ?? source.format } };
}

/** The data file of a path: the path itself, or a folder's file of the split (the first of `defaults` that exists). */
async function findFile(path: string, split: string | null, defaults: string[], key: string) {
	const info = await stat(path).catch(() => null);
	if (info === null) {
		throw new XrightError("CONFIG", `${key}.path: no such file or folder: ${path}`, {
			hint: "Paths are looked for beside the config file, then in the current folder.",
		});
	}
	if (!info.isDirectory()) {
		const stem = path.replace(/^.*[/\\]/, "").split(".")[0];
		if (split !== null && split !== "train" && split !== stem) {
			throw new XrightError("CONFIG", `${key}.split is "${split}", but ${path} is a single file; leave split out`);
		}
		return { path, split };
	}
	for (const name of split === null ? defaults : [split]) {
		for (const extension of extensions) {
			if (existsSync(join(path, name + extension))) return { path: join(path, name + extension), split: name };
		}
	}
	const found = (await readdir(path)).slice(0, 8).join(", ") || "nothing";
	const wanted = (split === null ? defaults : [split]).map((name) => `${name}.jsonl`).join(" or ");
	throw new XrightError("CONFIG", `${key}: no ${wanted} (or .json, .gz) in ${path}; it holds ${found}`);
}
