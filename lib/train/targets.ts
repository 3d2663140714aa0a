import type { RunConfig } from "../config/schema.js";
import { XrightError } from "../errors.js";
import type { TensorSource } from "../native/binding.js";
import type { FoundModel } from "./model.js";

/** Whether the module of this weight gets an adapter: targets match as PEFT matches them. */
export function isTarget(tensor: TensorSource, targets: string[] | "all-linear"): boolean {
	const module = linearModule(tensor);
	if (module === null || targets === "all-linear") return module !== null;
	return targets.some((target) => module === target || module.endsWith(`.${target}`));
}

/** Throws CONFIG when a target names no linear module of the model; opens nothing. */
export function checkTargets(config: RunConfig, { files, adapter: init }: FoundModel): void {
	const { adapter } = config;
	if (adapter.type === "none" || init !== null || adapter.targets === "all-linear") return;
	const { tensors } = files.weights;
	const unknown = adapter.targets.filter((target) => !tensors.some((tensor) => isTarget(tensor, [target])));
	if (unknown.length === 0) return;
	const modules = tensors.map(linearModule).filter((module) => module !== null);
	const names = new Set(modules.map((module) => module.slice(module.lastIndexOf(".") + 1)));
	throw new XrightError("CONFIG", `adapter.targets: ${files.source} has no module called ${unknown.join(" or ")}`, {
		hint: `Its modules: ${[...names].sort().join(", ")}.`,
	});
}

/** Dotted name of the linear module this tensor is the weight of; null for norms, biases, embeddings and the head. */
function linearModule({ name, shape }: TensorSource): string | null {
	const module = name.endsWith(".weight") ? name.slice(0, -".weight".length) : "";
	const linear = shape.length === 2 && module !== "" && !/(^|\.)(embed_\w+|lm_head)$/.test(module);
	return linear ? module : null;
}
