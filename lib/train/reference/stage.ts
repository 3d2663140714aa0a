import { type ReferenceTraining, referenceTraining } from "../../config/reference.js";
import type { RunConfig } from "../../config/schema.js";
import { alone } from "../../strategies/index.js";
import { openChosen, openData } from "../data.js";
import { type OpenedTraining, type Training, withOpened } from "../execute.js";
import type { RunFolder } from "../folder.js";
import type { Surroundings } from "../model.js";
import { aloneConfig } from "../stages/config.js";
import { runStage, stageEvents } from "../stages/run-stage.js";
import { findTrained, rememberTrained } from "./trained.js";

const names = {
	"sft-on-chosen": "fine-tuning the reference on the preferred answers",
	sft: "fine-tuning the reference on the SFT rows",
} as const;

/**
 * The folder of the reference that the configuration wants trained beforehand, trained now unless it is there; null when it
 * wants none. An equal training that another run on this machine finished is used where it lies.
 */
export async function trainReference(
	{ config }: OpenedTraining,
	folder: RunFolder,
	around: Surroundings,
): Promise<string | null> {
	const training = referenceTraining(config);
	if (training === null) return null;
	const name = names[training.train];
	const stage = stageOf(config, training, folder.reference);
	const quiet = { ...around, emit: stageEvents(name, around.emit) };
	return withOpened(stage, quiet, async (opened) => {
		const known = await findTrained(opened, around);
		if (known !== null) return known;
		const { artifact } = await runStage(name, opened, around);
		await rememberTrained(opened, artifact, around);
		return artifact;
	});
}

function stageOf(config: RunConfig, training: ReferenceTraining, output: string): Training {
	const { steps, epochs, lr, batch } = training;
	const { data, train } = config;
	const onChosen = training.train === "sft-on-chosen";
	const own = aloneConfig(config, "sft", onChosen ? data.preference : data.sft, null, output);
	const length = steps === null && epochs === null ? { steps: train.steps, epochs: train.epochs } : { steps, epochs };
	return {
		config: {
			...own,
			train: {
				...train,
				...length,
				batch: { ...train.batch, sft: batch ?? train.batch.sft },
				optimizer: { ...train.optimizer, lr: lr ?? train.optimizer.lr },
			},
		},
		factory: alone.sft,
		open: onChosen ? openChosen : openData,
	};
}
