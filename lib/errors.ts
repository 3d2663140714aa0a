/** Every failure a user can meet has one of these codes; `exitCode` is what the command line returns for it. */
export const errorCodes = {
	USAGE: 2,
	CONFIG: 2,
	DATA: 2,
	UNKNOWN_MODEL: 2,
	UNKNOWN_OBJECTIVE: 2,
	WEIGHTS: 2,
	TOKENIZER: 2,
	DISPOSED: 1,
	BUSY: 1,
	NON_FINITE: 1,
	INTERNAL: 1,
	CHECKPOINT: 1,
	LOCKED: 1,
	IO: 3,
	NETWORK: 3,
	DISK_FULL: 3,
	OUT_OF_MEMORY: 3,
	DEVICE: 3,
	LIBTORCH_MISSING: 3,
	LIBTORCH_VERSION: 3,
	ADDON_MISSING: 3,
	TOOLCHAIN: 3,
	ABORTED: 130,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorCodes;

export interface XrightErrorOptions {
	/** The one next step that helps. */
	hint?: string;
	/** Long technical text, shown only with --verbose. */
	detail?: string;
	cause?: unknown;
}

/** The only error class that crosses the public API. The message names the file, row, tensor or key at fault. */
export class XrightError extends Error {
	readonly code: ErrorCode;
	readonly hint: string | undefined;
	readonly detail: string | undefined;

	constructor(code: ErrorCode, message: string, options: XrightErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = "XrightError";
		this.code = code;
		this.hint = options.hint;
		this.detail = options.detail;
	}

	get exitCode(): number {
		return errorCodes[this.code];
	}
}
