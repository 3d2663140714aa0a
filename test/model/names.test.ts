import { expect, it } from "vitest";
import { isSafeFileName, isSafeRelativePath, parseHubId } from "../../lib/model/names.js";

it.each(["..", ".", "", "a/b", "a\\b", "C:x", "a\nb", "nul", "COM1.txt", "x.", "x ", "a".repeat(256), "a|b"])(
	"%j is no safe file name",
	(name) => {
		expect(isSafeFileName(name)).toBe(false);
	},
);

it("accepts ordinary names and relative paths", () => {
	expect(isSafeFileName("model-00001-of-00002.safetensors")).toBe(true);
	expect(isSafeRelativePath("refs/pr/1")).toBe(true);
	expect(isSafeRelativePath("refs//1")).toBe(false);
	expect(isSafeRelativePath("refs/../../x")).toBe(false);
});

it.each([
	["org/name", { id: "org/name", revision: "main" }],
	["HuggingFaceTB/SmolLM2-135M@v1.0", { id: "HuggingFaceTB/SmolLM2-135M", revision: "v1.0" }],
	["org/name@refs/pr/3", { id: "org/name", revision: "refs/pr/3" }],
	["org/name@../x", null],
	["org/../name", null],
	["a/b/c", null],
	["name", null],
	["org/na--me", null],
	["org/na..me", null],
	["org/name@", null],
	["-org/name", null],
])("parses %j as a hub id", (text, expected) => {
	expect(parseHubId(text)).toEqual(expected);
});
