interface Frame {
	/** Keys seen so far; null for an array. */
	keys: Set<string> | null;
	/** The next string is a key. */
	atKey: boolean;
}

/** First key that an object of this valid JSON text holds twice (JSON.parse silently keeps the last one), or null. */
export function duplicateKey(text: string): string | null {
	const stack: Frame[] = [];
	let frame: Frame | undefined;
	for (let i = 0; i < text.length; i++) {
		const char = text[i];
		if (char === '"') {
			const end = stringEnd(text, i);
			if (frame?.keys && frame.atKey) {
				const key = JSON.parse(text.slice(i, end + 1)) as string;
				if (frame.keys.has(key)) return key;
				frame.keys.add(key);
				frame.atKey = false;
			}
			i = end;
		} else if (char === "{" || char === "[") {
			frame = { keys: char === "{" ? new Set() : null, atKey: true };
			stack.push(frame);
		} else if (char === "}" || char === "]") {
			stack.pop();
			frame = stack.at(-1);
		} else if (char === "," && frame) {
			frame.atKey = true;
		}
	}
	return null;
}

/** Index of the quote that closes the string opened at `start`. */
function stringEnd(text: string, start: number): number {
	let i = start + 1;
	while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
	return i;
}
