import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { XrightError } from "../errors.js";
import { formatTime } from "./strftime.js";
import type { ChatMessage, RenderOptions } from "./types.js";

/** Longest template, and longest text it may make, in characters. */
const MAX_TEMPLATE = 1 << 20;
const MAX_TEXT = 1 << 20;
/** Work one rendering may take, in nodes evaluated plus the sizes of their values: well under a second. */
const MAX_WORK = 1_000_000;
/** One pass of a loop costs the interpreter about as much as this many nodes. */
const PASS_WORK = 16;
const MAX_RANGE = 100_000;
const MAX_INTEGER = 1_000_000_000;

/** The template refused the messages (`raise_exception`), failed on them, or took too much time or memory. */
export class ChatTemplateError extends XrightError {
	constructor(message: string, cause?: unknown) {
		super("TOKENIZER", `chat template: ${message}`, cause === undefined ? {} : { cause });
	}
}

export interface ChatTemplate {
	render(messages: readonly ChatMessage[], options: RenderOptions): string;
}

/**
 * A Jinja chat template, with the blocks trimmed and the globals set as in transformers. A template comes from a
 * downloaded file, so the work it may do is counted: what would run long or grow large fails at once instead.
 */
export function compileChatTemplate(template: string, specials: Record<string, string>): ChatTemplate {
	const program = compile(template);
	return {
		render(messages, options) {
			const environment = globals(specials, options.now ?? new Date());
			environment.set("messages", messages as ChatMessage[]);
			environment.set("add_generation_prompt", options.addGenerationPrompt);
			try {
				return String(new LimitedInterpreter(environment).run(program).value);
			} catch (error) {
				if (error instanceof ChatTemplateError) throw error;
				throw new ChatTemplateError(error instanceof Error ? error.message : String(error), error);
			}
		},
	};
}

function compile(template: string) {
	if (template.length > MAX_TEMPLATE) throw new ChatTemplateError(`it is longer than ${MAX_TEMPLATE} characters`);
	try {
		return parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
	} catch (error) {
		throw new ChatTemplateError(`it cannot be read: ${(error as Error).message}`, error);
	}
}

function globals(specials: Record<string, string>, now: Date): Environment {
	const environment = new Environment();
	const constants = { true: true, false: false, none: null, True: true, False: false, None: null };
	const functions = {
		raise_exception: (message: unknown) => {
			throw new ChatTemplateError(String(message));
		},
		range: limitedRange,
		strftime_now: (format: string) => formatTime(now, String(format)),
	};
	const absent = { tools: null, documents: null };
	for (const [name, value] of Object.entries({ ...constants, ...functions, ...absent, ...specials })) {
		environment.set(name, value);
	}
	return environment;
}

function limitedRange(first: number, last?: number, step = 1): number[] {
	const [start, stop] = last === undefined ? [0, first] : [first, last];
	const count = Math.max(0, Math.ceil((stop - start) / step));
	if (!(count <= MAX_RANGE)) throw new ChatTemplateError(`range() of more than ${MAX_RANGE} numbers`);
	return Array.from({ length: count }, (_, index) => start + index * step);
}

interface RuntimeValue {
	value: unknown;
}

/** A node of the parsed template; a `For` has an iterable, which is wrapped when the loop has a condition. */
interface Node {
	type: string;
	iterable?: { lhs?: unknown };
}

/** The library's own declarations import without file extensions, which this project's module resolution refuses. */
interface Evaluator {
	run(program: unknown): RuntimeValue;
	evaluate(statement: Node | undefined, environment: unknown): RuntimeValue;
}

const JinjaInterpreter = Interpreter as unknown as new (environment: unknown) => Evaluator;

class LimitedInterpreter extends JinjaInterpreter {
	#work = 0;
	readonly #looped = new Set<unknown>();

	override evaluate(statement: Node | undefined, environment: unknown): RuntimeValue {
		this.#spend(1);
		if (statement?.type === "For") this.#looped.add(statement.iterable).add(statement.iterable?.lhs);
		const result = super.evaluate(statement, environment);
		const { value } = result;
		if (typeof value === "string") {
			if (value.length > MAX_TEXT) throw new ChatTemplateError(`it writes more than ${MAX_TEXT} characters`);
			this.#spend(value.length / 16);
		} else if (Array.isArray(value)) this.#spend(value.length * this.#weight(statement));
		else if (value instanceof Map) this.#spend(value.size * this.#weight(statement));
		else if (typeof value === "number" && Math.abs(value) > MAX_INTEGER) {
			throw new ChatTemplateError(`a number beyond ${MAX_INTEGER}`);
		}
		return result;
	}

	#weight(statement: Node | undefined): number {
		return statement && this.#looped.has(statement) ? PASS_WORK : 1;
	}

	#spend(work: number): void {
		this.#work += work;
		if (this.#work > MAX_WORK) throw new ChatTemplateError("it takes too many steps");
	}
}
