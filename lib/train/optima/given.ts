import type { RunConfig } from "../../config/schema.js";
import { objectiveNames } from "../objectives.js";
import type { Optima } from "./types.js";

/** The optima written in the configuration. */
export function givenOptima({ optima }: RunConfig): Optima {
	if (optima === "estimate") return {};
	return Object.fromEntries(
		objectiveNames.flatMap((objective) => {
			const { [objective]: value } = optima;
			return value === null ? [] : [[objective, { training: value, heldOut: value, source: "configuration" }]];
		}),
	);
}
