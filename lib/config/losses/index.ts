import { apoDown } from "./apo-down.js";
import { apoZero } from "./apo-zero.js";
import { discopop } from "./discopop.js";
import { exoPair } from "./exo-pair.js";
import { hinge } from "./hinge.js";
import { ipo } from "./ipo.js";
import { kto } from "./kto.js";
import { ncaPair } from "./nca-pair.js";
import { orpo } from "./orpo.js";
import { robust } from "./robust.js";
import { sigmoid } from "./sigmoid.js";
import { simpo } from "./simpo.js";
import { sppoHard } from "./sppo-hard.js";
import type { LossOptions } from "./types.js";

/** Every preference loss; a new one adds its file and a line here. */
export const lossOptions = [
	sigmoid,
	robust,
	ipo,
	hinge,
	exoPair,
	ncaPair,
	sppoHard,
	apoZero,
	apoDown,
	discopop,
	orpo,
	simpo,
	kto,
] as const;

type LossName = (typeof lossOptions)[number]["schema"]["shape"]["loss"]["value"];

export function findLossOptions(name: LossName): LossOptions {
	return lossOptions.find(({ schema }) => schema.shape.loss.value === name) as unknown as LossOptions;
}
