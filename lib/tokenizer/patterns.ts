/**
 * tokenizer.json may carry regular expressions, run by a backtracking engine that aborts the whole process when a match
 * takes too many steps. Patterns whose worst case is more than linear per match are therefore refused: repetition of
 * something that itself varies, back-references, or two repetitions followed by something that can fail.
 */

const MAX_PATTERN = 16384;
const MAX_OPTIONAL = 12;
/** A bounded repetition above this counts as unbounded. */
const MAX_REPEAT = 16;

interface Shape {
	/** Unbounded repetitions of the worst alternative. */
	unbounded: number;
	/** The text matched is not of one fixed form. */
	varies: boolean;
}

/** Why the pattern is refused, or null when it is safe. */
export function riskOf(pattern: string): string | null {
	if (pattern.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
	try {
		new PatternReader(pattern).read();
		return null;
	} catch (error) {
		if (error instanceof Risk) return error.message;
		if (error instanceof RangeError) return "it is nested too deeply";
		throw error;
	}
}

class Risk extends Error {}

class PatternReader {
	readonly #pattern: string;
	#at = 0;

	constructor(pattern: string) {
		this.#pattern = pattern;
	}

	read(): void {
		this.#alternatives();
		if (this.#at < this.#pattern.length) throw new Risk("its parentheses do not match");
	}

	#alternatives(): Shape {
		const shape = this.#sequence();
		while (this.#pattern[this.#at] === "|") {
			this.#at++;
			shape.unbounded = Math.max(shape.unbounded, this.#sequence().unbounded);
			shape.varies = true;
		}
		return shape;
	}

	#sequence(): Shape {
		const shape: Shape = { unbounded: 0, varies: false };
		let optional = 0;
		while (this.#at < this.#pattern.length && !"|)".includes(this.#pattern[this.#at] as string)) {
			const atom = this.#atom();
			const { min, max } = this.#quantifier();
			if (max > 1 && atom.varies) throw new Risk("it repeats a group whose content varies");
			if (shape.unbounded > 1 && min > 0) throw new Risk("something must follow two repetitions");
			if (min === 0 && ++optional > MAX_OPTIONAL) throw new Risk("too many of its parts are optional");
			shape.unbounded += max > MAX_REPEAT ? 1 : atom.unbounded;
			if (shape.unbounded > 2) throw new Risk("more than two repetitions follow each other");
			shape.varies ||= atom.varies || min !== max;
		}
		return shape;
	}

	#atom(): Shape {
		const fixed: Shape = { unbounded: 0, varies: false };
		const character = this.#pattern[this.#at++];
		if (character === "\\") this.#escape();
		else if (character === "[") this.#class();
		else if (character === "(") return this.#group();
		return fixed;
	}

	#escape(): void {
		const character = this.#pattern[this.#at++] ?? "";
		if (/[1-9kg]/.test(character)) throw new Risk("it refers back to an earlier match");
		if (/[pPxu]/.test(character) && this.#pattern[this.#at] === "{") {
			const end = this.#pattern.indexOf("}", this.#at);
			this.#at = end < 0 ? this.#pattern.length : end + 1;
		}
	}

	/** A character class, which may hold further ones; `]` right after the opening is a character. */
	#class(): void {
		if (this.#pattern[this.#at] === "^") this.#at++;
		if (this.#pattern[this.#at] === "]") this.#at++;
		while (this.#at < this.#pattern.length) {
			const character = this.#pattern[this.#at++];
			if (character === "]") return;
			if (character === "\\") this.#at++;
			else if (character === "[") this.#class();
		}
		throw new Risk("a character class is not closed");
	}

	#group(): Shape {
		const rest = this.#pattern.slice(this.#at, this.#at + 64);
		const opening = /^\?(?:[:=!>]|<[=!]|<\w+>|[a-zA-Z-]*:)/.exec(rest);
		const flags = /^\?[a-zA-Z-]*\)/.exec(rest);
		if (flags) {
			this.#at += flags[0].length;
			return { unbounded: 0, varies: false };
		}
		if (!opening && rest.startsWith("?")) throw new Risk("it uses a kind of group that is not known");
		this.#at += opening?.[0].length ?? 0;
		const shape = this.#alternatives();
		if (this.#pattern[this.#at++] !== ")") throw new Risk("its parentheses do not match");
		return shape;
	}

	#quantifier(): { min: number; max: number } {
		const match = /^(?:([*+?])|\{(\d*)(,?)(\d*)\})[?+]?/.exec(this.#pattern.slice(this.#at, this.#at + 32));
		if (!match || match[0] === "{}" || match[0] === "{,}") return { min: 1, max: 1 };
		this.#at += match[0].length;
		const [, symbol, low, comma, high] = match;
		if (symbol) return { min: symbol === "+" ? 1 : 0, max: symbol === "?" ? 1 : Number.POSITIVE_INFINITY };
		const min = Number(low || 0);
		return { min, max: comma ? (high ? Number(high) : Number.POSITIVE_INFINITY) : min };
	}
}
