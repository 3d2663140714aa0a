import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Parts of lib/ that each part may import at run time; all may import config, errors and files. */
const libEdges: Record<string, string[]> = {
	errors: [],
	config: [],
	files: [],
	strategies: [],
	tokenizer: [],
	model: [],
	eval: [],
	report: [],
	native: [],
	data: ["tokenizer"],
	toy: ["strategies", "data", "eval", "report"],
	train: ["strategies", "data", "eval", "report", "model", "native", "tokenizer"],
	sweep: ["train", "strategies", "data", "eval", "report", "model"],
	bench: ["train", "data", "report", "model", "native", "tokenizer"],
	cli: ["bench", "sweep", "toy", "train", "strategies", "data", "eval", "report", "model", "native", "tokenizer"],
	index: ["sweep", "train", "strategies", "data", "eval", "report", "model", "native", "tokenizer"],
};
const anywhere = ["config", "errors", "files"];

/** Files that hold nothing but types, which any part may name with `import type`. */
const typeFiles = /^lib\/(\w+\/types|native\/binding|train\/events)\.ts$/;

/** Folders of native/ that each may include. */
const nativeEdges: Record<string, string[]> = {
	nn: [],
	cuda: [],
	io: [],
	models: ["nn"],
	objectives: ["nn"],
	core: ["models", "objectives", "nn", "io"],
	addon: ["core"],
};
/** Values and errors, free of LibTorch and Node-API, which all may use. */
const nativeAnywhere = ["core/errors.h", "core/value.h", "core/errors.def"];

interface Edge {
	from: string;
	to: string;
	typeOnly: boolean;
}

function files(folder: string, pattern: RegExp): string[] {
	const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => entry.isFile() && pattern.test(entry.name))
		.map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Every relative import of a TypeScript file, static or dynamic. */
function importsOf(file: string): Edge[] {
	const text = readFileSync(join(root, file), "utf8");
	const statements = /(import|export)(\s+type)?\s[^;"]*?from\s+"(\.[^"]+)"|import\s*\(?\s*"(\.[^"]+)"/g;
	return [...text.matchAll(statements)].map(([, , type, from, other]) => ({
		from: file,
		to: posix.join(dirname(file), (from ?? other) as string).replace(/\.js$/, ".ts"),
		typeOnly: type !== undefined,
	}));
}

function includesOf(file: string): Edge[] {
	const text = readFileSync(join(root, file), "utf8");
	const local = [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)];
	return local.map(([, to]) => ({ from: file, to: to as string, typeOnly: false }));
}

const partOf = (file: string) => (file.split("/")[1] as string).replace(/\.ts$/, "");
const show = ({ from, to }: Edge) => `${from} → ${to}`;

describe("TypeScript imports", () => {
	const edges = files("lib", /\.ts$/).flatMap(importsOf);

	it("are read", () => {
		expect(edges.map(show)).toContain("lib/train/batches.ts → lib/data/pack.ts");
		expect(edges.some(({ typeOnly }) => typeOnly)).toBe(true);
	});

	it("go one way", () => {
		const wrong = edges.filter(({ from, to, typeOnly }) => {
			const [source, target] = [partOf(from), partOf(to)];
			if (source === target || anywhere.includes(target)) return false;
			if (typeOnly && typeFiles.test(to)) return false;
			return !libEdges[source]?.includes(target);
		});
		expect(wrong.map(show)).toEqual([]);
	});

	it("take types from files that hold nothing else", () => {
		const targets = new Set(edges.filter(({ typeOnly, to }) => typeOnly && typeFiles.test(to)).map(({ to }) => to));
		for (const file of targets) {
			const text = readFileSync(join(root, file), "utf8");
			expect([file, /^export (const|function|class|let|enum|async|default)/m.test(text)]).toEqual([file, false]);
		}
	});

	it("never use the console, exit, signals or the environment for output outside the command line", () => {
		const forbidden = /\bconsole\.|process\.(exit\b|on\(|stdout|stderr)|process\.env\.\w+\s*=[^=]/;
		const wrong = files("lib", /\.ts$/).filter((file) => {
			return partOf(file) !== "cli" && forbidden.test(readFileSync(join(root, file), "utf8"));
		});
		expect(wrong).toEqual([]);
	});
});

describe("native includes", () => {
	const sources = files("native", /\.(h|cpp|cu|cuh)$/);
	const edges = sources.flatMap(includesOf);

	it("are read", () => {
		expect(edges.length).toBeGreaterThan(10);
	});

	it("go one way", () => {
		const wrong = edges.filter(({ from, to }) => {
			const [source, target] = [partOf(from), to.split("/")[0] as string];
			if (!to.includes("/") || source === target || nativeAnywhere.includes(to)) return false;
			return !nativeEdges[source]?.includes(target);
		});
		expect(wrong.map(show)).toEqual([]);
	});

	/** Every `#include` line a file sees, through our own headers. */
	function allIncludes(file: string, seen = new Set<string>()): string[] {
		if (seen.has(file)) return [];
		seen.add(file);
		const lines = readFileSync(join(root, file), "utf8").match(/^\s*#\s*include.*$/gm) ?? [];
		const own = includesOf(file).map(({ to }) => join("native", to));
		return [...lines, ...own.filter((path) => sources.includes(path)).flatMap((path) => allIncludes(path, seen))];
	}

	it("name Node-API only in the addon, and LibTorch never there, not even through a header", () => {
		const wrong = sources.flatMap((file) => {
			const addon = partOf(file) === "addon";
			const banned = addon ? /<(ATen|c10|torch)\// : /<(napi|node_api|js_native_api)/;
			return allIncludes(file)
				.filter((line) => banned.test(line))
				.map((line) => `${file}: ${line}`);
		});
		expect(wrong).toEqual([]);
	});
});
