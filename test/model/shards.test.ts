import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSharded, shardNames } from "../../lib/model/shards.js";
import { expectFailure, float32File, temporary } from "./support.js";

const INDEX = "model.safetensors.index.json";

async function shards(map: unknown): Promise<string> {
	const folder = await temporary();
	await writeFile(join(folder, "a.safetensors"), float32File({ x: [2], y: [3] }));
	await writeFile(join(folder, "b.safetensors"), float32File({ z: [1] }));
	await writeFile(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: map }));
	return folder;
}
const good = { x: "a.safetensors", y: "a.safetensors", z: "b.safetensors" };

it("joins the shards' tensors, each pointing to its file", async () => {
	const folder = await shards(good);
	const { weights } = await readSharded(folder, INDEX);
	expect(weights.files).toEqual([join(folder, "a.safetensors"), join(folder, "b.safetensors")]);
	expect(weights.tensors.map(({ name, file }) => [name, file])).toEqual([
		["x", 0],
		["y", 0],
		["z", 1],
	]);
	expect(await shardNames(join(folder, INDEX))).toEqual(["a.safetensors", "b.safetensors"]);
});

it.each([
	["../a.safetensors"],
	["/etc/a.safetensors"],
	["sub/a.safetensors"],
	["C:a.safetensors"],
	["..\\a.safetensors"],
	["a\0.safetensors"],
	["a.bin"],
	[7],
])("refuses the shard name %j", async (name) => {
	await expectFailure(readSharded(await shards({ ...good, x: name }), INDEX), "WEIGHTS", /unsafe shard name/);
});

it.each<[string, unknown, RegExp]>([
	[
		"a tensor listed in the wrong shard",
		{ ...good, x: "b.safetensors" },
		/"x" is in a\.safetensors, but the index puts it in b/,
	],
	[
		"a tensor the index does not list",
		{ x: good.x, z: good.z },
		/"y" is in a\.safetensors, but the index does not list it/,
	],
	["a tensor that no shard has", { ...good, w: "b.safetensors" }, /"w" is not in b\.safetensors/],
	["a missing shard", { ...good, w: "c.safetensors" }, /c\.safetensors: no such file/],
	["an empty map", {}, /lists no tensor/],
	["a map that is no object", [], /"weight_map"/],
])("refuses %s", async (_, map, message) => {
	await expectFailure(readSharded(await shards(map), INDEX), "WEIGHTS", message);
});

it("refuses an index that is not there or not JSON", async () => {
	const folder = await shards(good);
	await writeFile(join(folder, INDEX), "{");
	await expectFailure(readSharded(folder, INDEX), "WEIGHTS", /not valid JSON/);
	await rm(join(folder, INDEX));
	await expectFailure(readSharded(folder, INDEX), "WEIGHTS", /no such file/);
});
