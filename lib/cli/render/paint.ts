import { styleText } from "node:util";

export type Colour = "red" | "yellow" | "green" | "cyan" | "dim" | "bold";

/** Text in a colour when the stream is a terminal that wants it (NO_COLOR, FORCE_COLOR and TERM are obeyed). */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stderr): string {
	return stream.isTTY || process.env.FORCE_COLOR ? styleText(colour, text, { stream, validateStream: true }) : text;
}
