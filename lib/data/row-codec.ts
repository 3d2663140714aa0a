import type { PreferenceRow, Row, RowKind, SftRow, UnpairedRow } from "./types.js";

/** How a kind of row is laid out on disk: its texts one after the other, always three lengths, and a number. */
export interface RowCodec<K extends RowKind> {
	parts(row: Row<K>): Int32Array[];
	label(row: Row<K>): number;
	row(parts: Int32Array[], label: number): Row<K>;
}

const none = new Int32Array(0);

export const codecs: { [K in RowKind]: RowCodec<K> } = {
	preference: {
		parts: ({ prompt, chosen, rejected }: PreferenceRow) => [prompt, chosen, rejected],
		label: () => 0,
		row: ([prompt = none, chosen = none, rejected = none]) => ({ prompt, chosen, rejected }),
	},
	sft: {
		parts: ({ prompt, response }: SftRow) => [prompt, response],
		label: () => 0,
		row: ([prompt = none, response = none]) => ({ prompt, response }),
	},
	unpaired: {
		parts: ({ prompt, response, mismatched }: UnpairedRow) => [prompt, response, mismatched],
		label: ({ desirable }: UnpairedRow) => (desirable ? 1 : 0),
		row: ([prompt = none, response = none, mismatched = none], label) => ({
			prompt,
			response,
			mismatched,
			desirable: label === 1,
		}),
	},
};
