import { XrightError } from "../errors.js";

const maxDepth = 64;
const space = /[ \t\r\n]*/y;
const literal = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids raw control characters in strings
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/**
 * JSON as in RFC 8259, but stricter than JSON.parse where a slip would pass silently: a key given twice, a `__proto__`
 * key, an integer that a double cannot hold and nesting beyond 64 levels are errors. Each error names line and column.
 */
export function parseJson(text: string, where: string): unknown {
	return new Parser(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, where).document();
}

class Parser {
	private readonly text: string;
	private readonly where: string;
	private at = 0;

	constructor(text: string, where: string) {
		this.text = text;
		this.where = where;
	}

	document(): unknown {
		const value = this.value(0);
		this.take(space);
		if (this.at < this.text.length) this.fail("more text after the end of the JSON value");
		return value;
	}

	private value(depth: number): unknown {
		if (depth > maxDepth) this.fail(`nested deeper than ${maxDepth} levels`);
		this.take(space);
		const char = this.text[this.at];
		if (char === "{") return this.object(depth);
		if (char === "[") return this.array(depth);
		if (char === '"') return this.string();
		const word = this.take(literal);
		if (word !== "") return word === "null" ? null : word === "true";
		const digits = this.take(number);
		if (digits !== "") return this.number(digits);
		return this.fail(this.unexpected("a value"));
	}

	private object(depth: number): Record<string, unknown> {
		const result: Record<string, unknown> = {};
		this.at++;
		this.take(space);
		if (this.accept("}")) return result;
		do {
			this.take(space);
			if (this.text[this.at] !== '"') this.fail(this.unexpected("a key in double quotes"));
			const start = this.at;
			const key = this.string();
			if (key === "__proto__" || Object.hasOwn(result, key)) {
				this.at = start;
				this.fail(key === "__proto__" ? "the key __proto__ is not allowed" : `the key "${key}" is given twice`);
			}
			this.take(space);
			if (!this.accept(":")) this.fail(this.unexpected('":"'));
			result[key] = this.value(depth + 1);
			this.take(space);
		} while (this.accept(","));
		if (!this.accept("}")) this.fail(this.unexpected('"," or "}"'));
		return result;
	}

	private array(depth: number): unknown[] {
		const result: unknown[] = [];
		this.at++;
		this.take(space);
		if (this.accept("]")) return result;
		do {
			result.push(this.value(depth + 1));
			this.take(space);
		} while (this.accept(","));
		if (!this.accept("]")) this.fail(this.unexpected('"," or "]"'));
		return result;
	}

	private string(): string {
		const token = this.take(string);
		if (token === "") this.fail("a string that is not closed, or holds a bad escape or a line break");
		return JSON.parse(token) as string;
	}

	private number(digits: string): number {
		const value = Number(digits);
		if (!Number.isFinite(value) || (/^-?\d+$/.test(digits) && !Number.isSafeInteger(value))) {
			this.at -= digits.length;
			this.fail(`the number ${digits.slice(0, 40)} is too large to be held exactly`);
		}
		return value;
	}

	private take(pattern: RegExp): string {
		pattern.lastIndex = this.at;
		const match = pattern.exec(this.text)?.[0] ?? "";
		this.at += match.length;
		return match;
	}

	private accept(char: string): boolean {
		if (this.text[this.at] !== char) return false;
		this.at++;
		return true;
	}

	private unexpected(wanted: string): string {
		const rest = this.text.slice(this.at);
		if (rest === "") return `expected ${wanted}, but the text ends here`;
		if (/^\/[/*]/.test(rest)) return "comments are not part of JSON";
		if (/^[}\]]/.test(rest) && /,\s*$/.test(this.text.slice(0, this.at))) return "a comma before the closing bracket";
		return `expected ${wanted}, found ${JSON.stringify(rest.slice(0, 1))}`;
	}

	private fail(problem: string): never {
		const before = this.text.slice(0, this.at).split("\n");
		const column = (before.at(-1) ?? "").length + 1;
		throw new XrightError("CONFIG", `${this.where}:${before.length}:${column}: ${problem}`);
	}
}
