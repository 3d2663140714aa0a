import { describe, expect, test } from "vitest";
import { riskOf } from "../../lib/tokenizer/patterns.js";

/** Pre-tokenizer patterns of published models. */
const published = {
	"gpt-2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
	"llama-3":
		"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
	o200k:
		"[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
	"deepseek-v3":
		"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
	bloom: " ?[^(\\s|[.,!?…。，、।۔،])]+",
	digits: "\\p{N}{1,3}(?=(?:\\p{N}{3})*(?:\\P{N}|$))",
	spaces: " {2,}",
};

describe("riskOf", () => {
	test.each(Object.entries(published))("%s is accepted", (_, pattern) => {
		expect(riskOf(pattern)).toBeNull();
	});

	test.each([
		"(a+)+$",
		"(a|aa)+$",
		"(?:a*)*b",
		"((a+)b?)+",
		"(?:x{1,50}){1,50}y",
		"a*a*a*b",
		"a*a*b",
		"(a)\\1+",
		`${"a?".repeat(30)}${"a".repeat(30)}`,
		"(?(1)a|b)",
		"(a",
		"a)",
		"[a",
		"(".repeat(20000),
		`${"(".repeat(8000)}${")".repeat(8000)}`,
	])("%s is refused", (pattern) => {
		expect(riskOf(pattern)).not.toBeNull();
	});
});
