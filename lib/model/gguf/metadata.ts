import type { ByteReader } from "./reader.js";

type NumericArray =
	| Uint8Array
	| Int8Array
	| Uint16Array
	| Int16Array
	| Uint32Array
	| Int32Array
	| Float32Array
	| BigUint64Array
	| BigInt64Array
	| Float64Array;

/** 64-bit integers stay bigint; arrays of numbers (and booleans, as 0 and 1) are typed arrays. */
export type GgufValue = number | bigint | boolean | string | string[] | NumericArray;
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

const MAX_KEYS = 65_536;
const MAX_KEY_BYTES = 65_535;
const MAX_STRING_BYTES = 16 * 1024 * 1024;
const MAX_ELEMENTS = 4 * 1024 * 1024;
/** Both numbers are GGUF's; the numeric arrays below are little-endian like every platform Node runs LibTorch on. */
const STRING = 8;
const ARRAY = 9;

interface Scalar {
	bytes: number;
	read(bytes: Buffer): number | bigint | boolean;
	array(length: number): NumericArray;
}

/** GGUF's fixed-size value types by number. */
const scalars = new Map<number, Scalar>([
	[0, { bytes: 1, read: (b) => b.readUInt8(), array: (n) => new Uint8Array(n) }],
	[1, { bytes: 1, read: (b) => b.readInt8(), array: (n) => new Int8Array(n) }],
	[2, { bytes: 2, read: (b) => b.readUInt16LE(), array: (n) => new Uint16Array(n) }],
	[3, { bytes: 2, read: (b) => b.readInt16LE(), array: (n) => new Int16Array(n) }],
	[4, { bytes: 4, read: (b) => b.readUInt32LE(), array: (n) => new Uint32Array(n) }],
	[5, { bytes: 4, read: (b) => b.readInt32LE(), array: (n) => new Int32Array(n) }],
	[6, { bytes: 4, read: (b) => b.readFloatLE(), array: (n) => new Float32Array(n) }],
	[7, { bytes: 1, read: (b) => b.readUInt8() !== 0, array: (n) => new Uint8Array(n) }],
	[10, { bytes: 8, read: (b) => b.readBigUInt64LE(), array: (n) => new BigUint64Array(n) }],
	[11, { bytes: 8, read: (b) => b.readBigInt64LE(), array: (n) => new BigInt64Array(n) }],
	[12, { bytes: 8, read: (b) => b.readDoubleLE(), array: (n) => new Float64Array(n) }],
]);

/** Reads `count` key-value pairs. Throws WEIGHTS on unknown types, absurd lengths, duplicate keys. */
export function readMetadata(reader: ByteReader, count: number): Map<string, GgufValue> {
	const metadata = new Map<string, GgufValue>();
	for (let i = 0; i < count; i++) {
		const key = reader.string(`key ${i}`, MAX_KEY_BYTES);
		if (key === "") throw reader.fail(`key ${i} is empty`);
		if (metadata.has(key)) throw reader.fail(`the key ${JSON.stringify(key)} is there twice`);
		metadata.set(key, readValue(reader, key));
	}
	return metadata;
}

/** Number of key-value pairs, which take at least 13 bytes each. */
export function readKeyCount(reader: ByteReader): number {
	return reader.count("the number of keys", Math.min(MAX_KEYS, Math.floor(reader.remaining / 13)));
}

function readValue(reader: ByteReader, key: string): GgufValue {
	const type = reader.u32();
	if (type === STRING) return reader.string(`the value of ${key}`, MAX_STRING_BYTES);
	if (type === ARRAY) return readArray(reader, key);
	const scalar = scalars.get(type);
	if (!scalar) throw reader.fail(`${key} has the unknown type ${type}`);
	return scalar.read(reader.bytes(scalar.bytes));
}

function readArray(reader: ByteReader, key: string): string[] | NumericArray {
	const type = reader.u32();
	const scalar = scalars.get(type);
	if (!scalar && type !== STRING) throw reader.fail(`${key} is an array of the unsupported type ${type}`);
	const smallest = scalar ? scalar.bytes : 8;
	const most = Math.min(MAX_ELEMENTS, Math.floor(Math.max(0, reader.remaining - 8) / smallest));
	const length = reader.count(`the length of ${key}`, most);
	if (!scalar) {
		const strings: string[] = [];
		for (let i = 0; i < length; i++) strings.push(reader.string(`${key}[${i}]`, MAX_STRING_BYTES));
		return strings;
	}
	const array = scalar.array(length);
	const target = new Uint8Array(array.buffer);
	target.set(reader.bytes(length * scalar.bytes));
	return array;
}
