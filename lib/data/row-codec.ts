import type { Objective, PreferenceRow, Row, SftRow } from "./types.js";

/** How an objective's row is laid out on disk: its texts one after the other, always three lengths. */
export interface RowCodec<O extends Objective> {
	parts(row: Row<O>): Int32Array[];
	row(parts: Int32Array[]): Row<O>;
}

const none = new Int32Array(0);

export const codecs: { [O in Objective]: RowCodec<O> } = {
	preference: {
		parts: ({ prompt, chosen, rejected }: PreferenceRow) => [prompt, chosen, rejected],
		row: ([prompt = none, chosen = none, rejected = none]) => ({ prompt, chosen, rejected }),
	},
	sft: {
		parts: ({ prompt, response }: SftRow) => [prompt, response],
		row: ([prompt = none, response = none]) => ({ prompt, response }),
	},
};
