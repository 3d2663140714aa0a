import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../lib/config/json.js";

test("every JSON value is read as JSON.parse reads it", () => {
	const values = fc.jsonValue().filter((value) => !/"__proto__":|\d{16}/.test(JSON.stringify(value)));
	fc.assert(
		fc.property(values, fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
			const text = JSON.stringify(value, null, indent);
			expect(parseJson(text, "f")).toEqual(JSON.parse(text));
		}),
	);
});

test("any text either parses or fails with a place; never anything else", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\truefalsn0123.-e \n'), maxLength: 60 }), (text) => {
			try {
				parseJson(text, "f");
			} catch (error) {
				expect((error as Error).message).toMatch(/^f:\d+:\d+: /);
				expect(error).toMatchObject({ code: "CONFIG" });
			}
		}),
	);
});

test.each([
	['{"a": 1,\n "a": 2}', 'f:2:2: the key "a" is given twice'],
	['{"a": {"__proto__": 1}}', "f:1:8: the key __proto__ is not allowed"],
	['{"a": 1,}', "f:1:9: a comma before the closing bracket"],
	["[1,]", "f:1:4: a comma before the closing bracket"],
	['{\n\t"a": 1 // note\n}', "f:2:9: comments are not part of JSON"],
	['{"a": ', "f:1:7: expected a value, but the text ends here"],
	["{'a': 1}", 'f:1:2: expected a key in double quotes, found "\'"'],
	['{"a" 1}', 'f:1:6: expected ":", found "1"'],
	['{"a": "b\nc"}', "f:1:7: a string that is not closed, or holds a bad escape or a line break"],
	['{"a": 9007199254740993}', "f:1:7: the number 9007199254740993 is too large to be held exactly"],
	['{"a": 1e999}', "f:1:7: the number 1e999 is too large to be held exactly"],
	["{} {}", "f:1:4: more text after the end of the JSON value"],
	["", "f:1:1: expected a value, but the text ends here"],
])("%j", (text, message) => {
	expect(() => parseJson(text, "f")).toThrow(message);
});

test("nesting of 100,000 levels is an error, not a stack overflow", () => {
	expect(() => parseJson("[".repeat(100_000), "f")).toThrow("nested deeper than 64 levels");
	expect(() => parseJson('{"a":'.repeat(100_000), "f")).toThrow("nested deeper than 64 levels");
});

test("a byte-order mark is skipped, and keys of Object.prototype are plain keys", () => {
	expect(parseJson('\ufeff{"constructor": {"prototype": {"x": 1}}}', "f")).toEqual({
		constructor: { prototype: { x: 1 } },
	});
	expect(({} as Record<string, unknown>).x).toBeUndefined();
});
