import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { type ErrorCode, XrightError } from "../../lib/errors.js";

const folders: string[] = [];

/** A fresh folder that disappears after the test file. */
export async function temporary(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "xright-model-"));
	folders.push(folder);
	return folder;
}

afterAll(async () => {
	for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Writes bytes to a fresh file and returns its path. */
export async function fileOf(bytes: Uint8Array, name = "model.bin"): Promise<string> {
	const path = join(await temporary(), name);
	await writeFile(path, bytes);
	return path;
}

/** The XrightError a promise rejects with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<XrightError> {
	const error = await promise.then(
		() => new Error("it succeeded"),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(XrightError);
	return error as XrightError;
}

/** Checks code and message of a rejection. */
export async function expectFailure(promise: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
	const error = await failure(promise);
	expect({ code: error.code, message: error.message }).toEqual({ code, message: expect.stringMatching(message) });
}

export interface TensorEntry {
	dtype: string;
	shape: number[];
	data_offsets: [number, number];
}

/** A safetensors file: header (object or raw text) and data bytes. */
export function safetensors(header: Record<string, unknown> | string, data: number): Buffer {
	const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(text.length));
	return Buffer.concat([length, text, Buffer.alloc(data)]);
}

/** A well-formed safetensors file of float32 tensors filled with zeros. */
export function float32File(shapes: Record<string, number[]>): Buffer {
	const header: Record<string, TensorEntry> = {};
	let at = 0;
	for (const [name, shape] of Object.entries(shapes)) {
		const end = at + 4 * shape.reduce((product, n) => product * n, 1);
		header[name] = { dtype: "F32", shape, data_offsets: [at, end] };
		at = end;
	}
	return safetensors(header, at);
}
