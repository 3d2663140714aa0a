import { XrightError } from "../../errors.js";
import { type CheckpointFolder, listCheckpoints } from "./folders.js";
import { verifyCheckpoint } from "./manifest.js";

/**
 * The checkpoint of the highest step whose files are all intact; null when there is none at all. `onDamaged` is told
 * of each one passed over. Throws CHECKPOINT when there are checkpoints and none is intact.
 */
export async function findCheckpoint(
	folder: string,
	onDamaged: (message: string) => void,
): Promise<CheckpointFolder | null> {
	const problems: string[] = [];
	for (const checkpoint of await listCheckpoints(folder)) {
		try {
			const manifest = await verifyCheckpoint(checkpoint.path);
			if (manifest.step === checkpoint.step) return checkpoint;
			throw new XrightError("CHECKPOINT", `${checkpoint.path} holds step ${manifest.step}`);
		} catch (error) {
			if (!(error instanceof XrightError)) throw error;
			problems.push(error.message);
			onDamaged(`${error.message}; trying the checkpoint before it`);
		}
	}
	if (problems.length === 0) return null;
	throw new XrightError("CHECKPOINT", `${folder} has no intact checkpoint: ${problems.join("; ")}`, {
		hint: "Start again without --resume, in another output folder.",
	});
}
