import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipFile {
	name: string;
	data: Buffer | string;
	/** Fields to falsify. */
	size?: number;
	crc?: number;
	mode?: number;
	flags?: number;
	method?: number;
	headerName?: string;
	stored?: boolean;
}

/** A ZIP archive made by hand, so that every field can be wrong. */
export function makeZip(files: ZipFile[]): Buffer {
	const locals: Buffer[] = [];
	const directory: Buffer[] = [];
	let offset = 0;
	for (const file of files) {
		const data = Buffer.from(file.data as string);
		const packed = file.stored ? data : deflateRawSync(data);
		const name = Buffer.from(file.name);
		const localName = Buffer.from(file.headerName ?? file.name);
		const local = Buffer.alloc(30);
		local.writeUInt32LE(0x04034b50, 0);
		local.writeUInt16LE(localName.length, 26);
		const central = Buffer.alloc(46);
		central.writeUInt32LE(0x02014b50, 0);
		central.writeUInt16LE(file.flags ?? 0, 8);
		central.writeUInt16LE(file.method ?? (file.stored ? 0 : 8), 10);
		central.writeUInt32LE(file.crc ?? crc32(data), 16);
		central.writeUInt32LE(packed.length, 20);
		central.writeUInt32LE(file.size ?? data.length, 24);
		central.writeUInt16LE(name.length, 28);
		central.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 38);
		central.writeUInt32LE(offset, 42);
		locals.push(local, localName, packed);
		directory.push(central, name);
		offset += 30 + localName.length + packed.length;
	}
	const end = Buffer.alloc(22);
	end.writeUInt32LE(0x06054b50, 0);
	end.writeUInt16LE(files.length, 10);
	end.writeUInt32LE(Buffer.concat(directory).length, 12);
	end.writeUInt32LE(offset, 16);
	return Buffer.concat([...locals, ...directory, end]);
}

/** Adds what makes a wheel: the metadata pip reads, and RECORD. `project` is the normalised name. */
export function makeWheel(files: ZipFile[], project = "fake"): Buffer {
	const info = `${project}-1.0.dist-info`;
	const metadata = `Metadata-Version: 2.1\nName: ${project}\nVersion: 1.0\n`;
	const format = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
	const all = [...files, { name: `${info}/METADATA`, data: metadata }, { name: `${info}/WHEEL`, data: format }];
	const hash = (data: Buffer | string) => createHash("sha256").update(data).digest("base64url");
	const lines = all.map(({ name, data }) => `${name},sha256=${hash(data)},${data.length}`);
	return makeZip([...all, { name: `${info}/RECORD`, data: `${lines.join("\n")}\n` }]);
}
