import * as z from "zod";
import { XrightError } from "../errors.js";
import { readJsonFile } from "./json-file.js";
import type { FrontPoint } from "./schema.js";

/** What `sweep` writes as front.json, or its list of points alone; other keys of a point are not looked at. */
const points = z.array(z.object({ dpo: z.number(), sft: z.number() })).min(1);
const fileSchema = z.union([points, z.object({ front: points }).transform(({ front }) => front)]);

/** The points of a front's file. Throws CONFIG. */
export async function readFront(path: string, where: string): Promise<FrontPoint[]> {
	const parsed = fileSchema.safeParse(await readJsonFile(path));
	if (parsed.success) return parsed.data;
	throw new XrightError(
		"CONFIG",
		`${where}: stop.referenceFront: ${path} holds no points with the numbers dpo and sft`,
		{
			hint: "Give the front.json of a sweep, or a list of points.",
		},
	);
}
