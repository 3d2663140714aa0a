import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

export interface Member {
	name: string;
	data: Buffer;
	stored?: boolean;
	/** What the headers claim, when it is not the truth. */
	localName?: string;
	size?: number;
	localSize?: number;
	mode?: number;
	flags?: number;
	method?: number;
}

/** CRC where this Node has it; the reader relies on SHA-256 instead. */
const checksum = (data: Buffer) => (typeof crc32 === "function" ? crc32(data) : 0);

/** A zip archive, honest or not. */
export function zip(members: Member[]): Buffer {
	const parts: Buffer[] = [];
	const central: Buffer[] = [];
	let at = 0;
	for (const member of members) {
		const packed = member.stored ? member.data : deflateRawSync(member.data);
		const size = member.size ?? member.data.length;
		const method = member.method ?? (member.stored ? 0 : 8);
		const common = (claimed: number) => {
			const bytes = Buffer.alloc(26);
			bytes.writeUInt16LE(20, 0);
			bytes.writeUInt16LE(member.flags ?? 0, 2);
			bytes.writeUInt16LE(method, 4);
			bytes.writeUInt32LE(checksum(member.data), 10);
			bytes.writeUInt32LE(packed.length, 14);
			bytes.writeUInt32LE(claimed, 18);
			return bytes;
		};
		const localName = Buffer.from(member.localName ?? member.name);
		const local = common(member.localSize ?? size);
		local.writeUInt16LE(localName.length, 22);
		parts.push(Buffer.from("PK\x03\x04"), local, localName, packed);
		const name = Buffer.from(member.name);
		const entry = common(size);
		entry.writeUInt16LE(name.length, 22);
		const tail = Buffer.alloc(16);
		tail.writeUInt32LE(((member.mode ?? 0o100644) << 16) >>> 0, 8);
		tail.writeUInt32LE(at, 12);
		central.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), entry, tail.subarray(2), name);
		at += 30 + localName.length + packed.length;
	}
	const directory = Buffer.concat(central);
	const end = Buffer.alloc(18);
	end.writeUInt16LE(members.length, 4);
	end.writeUInt16LE(members.length, 6);
	end.writeUInt32LE(directory.length, 8);
	end.writeUInt32LE(at, 12);
	return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06"), end]);
}

/** A wheel with a RECORD; `recorded` replaces the hash of named members. */
export function wheel(name: string, files: Record<string, Buffer>, recorded: Record<string, string> = {}): Buffer {
	const info = `${name}-1.0.dist-info`;
	const all: Record<string, Buffer> = {
		...files,
		[`${info}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ${name.replaceAll("_", "-")}\nVersion: 1.0\n`),
		[`${info}/WHEEL`]: Buffer.from("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
	};
	const lines = Object.entries(all).map(([path, data]) => {
		const hash = recorded[path] ?? createHash("sha256").update(data).digest("base64url");
		return `${path},sha256=${hash},${data.length}`;
	});
	all[`${info}/RECORD`] = Buffer.from(`${lines.join("\n")}\n${info}/RECORD,,\n`);
	return zip(Object.entries(all).map(([path, data]) => ({ name: path, data })));
}
