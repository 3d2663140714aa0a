import { resolveModel } from "../../model/resolve.js";
import type { ModelFiles } from "../../model/types.js";
import type { ModelInfo } from "../../native/binding.js";
import { openSession, type Session } from "../../native/session.js";
import { type ModelCost, modelCost } from "../flops.js";
import type { Job, Product } from "../types.js";

export interface OpenModel {
	session: Session;
	files: ModelFiles;
	info: ModelInfo;
	cost: ModelCost;
	products: Product[];
}

/** Loads the job's model to be trained as the job says. */
export async function openModel(job: Job): Promise<OpenModel> {
	const files = await resolveModel(job.model);
	const session = await openSession({ device: "cpu" });
	const { targets } = job;
	const info = await session.load({
		config: files.config,
		dtype: job.dtype,
		device: "cpu",
		threads: job.threads,
		weights: files.weights,
		adapter: targets === null ? null : { rank: 16, alpha: 16, dropout: 0, rsLora: false, targets, seed: 1 },
		train: targets === null ? "full" : "adapter",
		gradientCheckpointing: job.gradientCheckpointing,
	});
	const blocks = blockProducts(files, info);
	const head = { in: info.hidden, out: info.vocab, count: 1 };
	return {
		session,
		files,
		info,
		cost: modelCost(blocks, head, info.layers, info.hidden),
		products: [...blocks, head],
	};
}

/** The matrices of all blocks, equal shapes counted together. */
function blockProducts({ weights }: ModelFiles, { linears }: ModelInfo): Product[] {
	const shapes = new Map(weights.tensors.map(({ name, shape }) => [name, shape]));
	const products = new Map<string, Product>();
	for (const name of linears) {
		const [out = 0, inner = 0] = shapes.get(`${name}.weight`) ?? [];
		const product = products.get(`${out} ${inner}`) ?? { in: inner, out, count: 0 };
		product.count++;
		products.set(`${out} ${inner}`, product);
	}
	return [...products.values()];
}
